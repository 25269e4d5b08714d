# everfit: what to type. Bare `make` lists the words.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

VENV := .venv
PY := $(VENV)/bin/python
WORKERS ?= 3
INSTANCE ?= up
UPGRADE ?=

# The same in Dockerfile, docker-compose.yaml, pyproject.toml and tools/local/environment.py; a test compares them.
export PYTHONPATH := $(CURDIR)/include:$(CURDIR)/plugins:$(CURDIR)
export DVC_NO_ANALYTICS := 1
export GX_ANALYTICS_ENABLED := false
export MLFLOW_ALLOW_PICKLE_DESERIALIZATION := false
export MLFLOW_DISABLE_TELEMETRY := true
export MLFLOW_HTTP_REQUEST_MAX_RETRIES := 3
export MLFLOW_HTTP_REQUEST_TIMEOUT := 20
export OMP_WAIT_POLICY := PASSIVE

# The environment is whole when the stamp of these very requirements is there; it is written last.
STAMP := $(VENV)/.ready-$(shell cat requirements.txt requirements-dev.txt | cksum | cut -d' ' -f1)

.PHONY: help env lock packages lint types schema test soak races events nulls up down status demo demo-year canary bench clean

help:  ## list these words
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

env: $(STAMP) $(VENV)/bin/everfit  ## make the Python environment in .venv (PYTHON=python3.12 to choose one)

$(STAMP):
	@tools/environment.sh "$(VENV)" "$(STAMP)" "$${PYTHON:-}"

$(VENV)/bin/everfit: tools/everfit.sh $(STAMP)
	@install -m 755 tools/everfit.sh $@

lock: env  ## pin requirements/*.in into requirements*.txt for Python 3.11 to 3.13 (UPGRADE=--upgrade for newer ones)
	UV_CUSTOM_COMPILE_COMMAND='make lock' $(VENV)/bin/uv pip compile -q --universal --python-version 3.11 --no-annotate $(UPGRADE) requirements/runtime.in -o requirements.txt
	UV_CUSTOM_COMPILE_COMMAND='make lock' $(VENV)/bin/uv pip compile -q --universal --python-version 3.11 --no-annotate $(UPGRADE) requirements/dev.in -o requirements-dev.txt

packages:  ## install what the tests need beside Python: Chromium, PostgreSQL, Redis, Prometheus, Java (apt, as root)
	@tools/system_packages.sh

lint: env  ## check style and that imports run one way
	$(VENV)/bin/ruff check -q .
	$(VENV)/bin/ruff format -q --check .
	$(VENV)/bin/lint-imports --no-cache

types: env  ## check the types
	$(VENV)/bin/mypy -p everfit -p everfit_airflow -p tools -p bench

schema: env  ## check that the editors' JSON schema is the one of the code
	$(PY) -m everfit schema --check

test: env packages lint types schema  ## run every check and every test
	@$(PY) -m compileall -q include plugins tools tests  # or each of a thousand processes does it, where none may write it
	$(VENV)/bin/pytest --doctest-modules include/everfit plugins/everfit_airflow
	$(VENV)/bin/pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

soak: env packages  ## deliver thousands of files while Airflow's processes are killed (20 minutes)
	$(VENV)/bin/pytest tests/faults -m "soak and not races and not events" -s -p no:xdist

races: env packages  ## race for the champion's place: 16 processes (disk, S3, MLflow), 500 backfilled runs (half an hour)
	$(VENV)/bin/pytest tests/faults -m races -s -p no:xdist

events: env  ## tell ten thousand events while whoever tells and whoever trains is killed (40 minutes)
	$(VENV)/bin/pytest tests/faults -m events -s -p no:xdist

nulls: env  ## draw each simulation of an error rate 10,000 times (an hour)
	EVERFIT_NULLS=10000 $(VENV)/bin/pytest -n $(WORKERS) -o timeout=5400 -k 'rarely or in_twenty' \
	  tests/gates/test_error_rates.py tests/gates/test_slices.py tests/gates/test_is_calibrated.py \
	  tests/gates/test_treats_groups_alike.py tests/statistics/test_calibration.py tests/statistics/test_interval.py \
	  tests/statistics/test_hidden.py tests/monitors/test_a_year.py

up: env  ## start Airflow, MLflow and the model server, and say where they are
	@$(PY) -m tools.local up --instance $(INSTANCE)

down: env  ## end what `make up` started
	@$(PY) -m tools.local down --instance $(INSTANCE)

status: env  ## say what runs, where, and how to log in
	@$(PY) -m tools.local status --instance $(INSTANCE)

demo: env  ## run the main job: months of flights arrive, a champion serves
	@$(PY) -m tools.demo

demo-year: env  ## play a year of flights month by month: drift, late labels, retrains for stated reasons (15 minutes)
	@$(PY) -m tools.demo year

canary: env  ## plant a worse model that no gate can know of, and see it stopped in its canary
	@$(PY) -m tools.demo canary

bench: env  ## measure validation against one read, training, and the pipeline in Airflow against a bare script
	@$(PY) -m bench

clean:  ## end what runs and delete all state and caches (.venv stays)
	@if [ -x $(PY) ]; then for instance in .everfit/*/processes.json; do \
	  if [ -f "$$instance" ]; then $(PY) -m tools.local down --instance "$$(basename "$$(dirname "$$instance")")"; fi; done; fi
	rm -rf .everfit .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache build dist
	find . -name __pycache__ -not -path './.venv*' -prune -exec rm -rf {} +
