# One image for every Airflow component, MLflow and the model server; `docker compose build` and `astro dev start` use it.
ARG BASE_IMAGE=apache/airflow:3.3.2-python3.12
FROM ${BASE_IMAGE}

# Astro's command line asks for a runtime label, a user `astro` and this home. On Astronomer's own base image set
# ASTRO_RUNTIME to its tag; the user is there already.
ARG ASTRO_RUNTIME=3.3-7
LABEL io.astronomer.docker.runtime.version=${ASTRO_RUNTIME}
ENV AIRFLOW_HOME=/usr/local/airflow
USER root
RUN (id astro >/dev/null 2>&1 || useradd --non-unique --uid 50000 --gid 0 --no-create-home --home-dir "$AIRFLOW_HOME" astro) \
    && install -d -o 50000 -g 0 -m 775 "$AIRFLOW_HOME" "$AIRFLOW_HOME/logs" "$AIRFLOW_HOME/pointers"

COPY packages.txt /tmp/packages.txt
RUN apt-get update \
    && xargs --no-run-if-empty apt-get install -y --no-install-recommends < /tmp/packages.txt \
    && rm -rf /var/lib/apt/lists/* /tmp/packages.txt

# Airflow itself is among the pins, so a conflict fails here and loudly, instead of changing its version.
USER 50000:0
COPY requirements.txt /tmp/requirements.txt
RUN pip install --no-cache-dir -r /tmp/requirements.txt

ENV PYTHONPATH=/usr/local/airflow/include:/usr/local/airflow/plugins:/usr/local/airflow \
    DVC_NO_ANALYTICS=1 \
    GX_ANALYTICS_ENABLED=false \
    MLFLOW_ALLOW_PICKLE_DESERIALIZATION=false \
    MLFLOW_DISABLE_TELEMETRY=true \
    MLFLOW_HTTP_REQUEST_MAX_RETRIES=3 \
    MLFLOW_HTTP_REQUEST_TIMEOUT=20 \
    OMP_WAIT_POLICY=PASSIVE

WORKDIR /usr/local/airflow
COPY --chown=50000:0 airflow_settings.yaml ./
COPY --chown=50000:0 tools ./tools
COPY --chown=50000:0 include ./include
COPY --chown=50000:0 plugins ./plugins
COPY --chown=50000:0 dags ./dags
