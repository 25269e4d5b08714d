"""What opens connections."""

from everfit_airflow.hooks.everfit import EverfitHook

__all__ = ["EverfitHook"]
