"""When a failed task is worth another try: the tree of errors decides."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import ExceptionRetryPolicy, RetryAction, RetryRule

from everfit.errors import EverfitError, Unreachable

retry_policy = ExceptionRetryPolicy(
    rules=[
        RetryRule(Unreachable, RetryAction.RETRY, timedelta(seconds=20), "a service did not answer"),
        RetryRule(EverfitError, RetryAction.FAIL, reason="trying again cannot help: the message says what to do"),
    ]
)
"""A wrong spec or bad data fails at once; an unreachable service, and anything unforeseen, is tried again."""

DEFAULTS = {
    "retries": 3,
    "retry_delay": timedelta(seconds=5),
    "retry_exponential_backoff": 2.0,
    "max_retry_delay": timedelta(minutes=5),
    "retry_policy": retry_policy,
}
"""What every task of everfit's DAGs starts from."""
