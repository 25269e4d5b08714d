"""A real Airflow, MLflow and model server in the project: SQLite, LocalExecutor, no containers.

    python -m tools.local up | down | status  [--instance NAME_OR_PATH]

One module per thing: `paths` (where an instance keeps its state), `ports`, `credentials`, `environment` (every
setting, as one pure function), `services` (what is started, as one list), `templates` (migrated databases, made once),
`processes` (start, recognise and end them), `settings` (`airflow_settings.yaml`), `airflow_api` (a small REST client),
`health`, and `stack`, which puts them together. Other tools use `stack.up`, `stack.down` and `airflow_api.Airflow`.
"""
