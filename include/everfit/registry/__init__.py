"""Where runs, models and versions are kept: MLflow's tracking server and registry."""

from everfit.registry.mlflow import MlflowRegistry

__all__ = ["MlflowRegistry"]
