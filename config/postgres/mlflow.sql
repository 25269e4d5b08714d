-- PostgreSQL's image runs this once, when its volume is empty: MLflow gets a database of its own beside Airflow's.
CREATE DATABASE mlflow;
