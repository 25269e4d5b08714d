"""Amazon's services, asked in a way that fails soon and in our words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from everfit.errors import DeployError, Unreachable
from everfit.stores.s3 import session

REFUSED = frozenset({"ValidationException", "ValidationError", "ResourceInUse", "ResourceLimitExceeded", "ModelError"})
"""Answers that will be the same ones tomorrow; all others (throttling, rights, trouble of theirs) may pass, as does
an endpoint that somebody else changes just now ("cannot update in-progress endpoint")."""


def connect(service: str, **options: Any) -> Any:
    """A boto3 client of the service that gives up in a minute; `options` are those of `boto3.client`."""
    from botocore.config import Config

    config = Config(connect_timeout=5, read_timeout=60, retries={"mode": "standard", "max_attempts": 3})
    return session().client(service, config=config, **options)


@contextmanager
def asking(what: str) -> Iterator[None]:
    """Turn boto3's errors into ours; `what` says what was asked, for the message."""
    from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

    try:
        yield
    except ClientError as error:
        kind = DeployError if code_of(error) in REFUSED and "in-progress" not in str(error) else Unreachable
        raise kind(f"{what}: Amazon answered {_said(error)}") from error
    except ParamValidationError as error:
        raise DeployError(f"{what}: Amazon would not take that: {error}") from error
    except BotoCoreError as error:
        raise Unreachable(f"{what}: {error}; look at region, keys and network, and try again") from error


def code_of(error: Any) -> str:
    """Amazon's word for what went wrong."""
    return str(error.response.get("Error", {}).get("Code", ""))


def is_missing(error: DeployError) -> bool:
    """Whether a refusal says that something is not there: SageMaker has no code of its own for that."""
    return "Could not find" in str(error.__cause__)


def is_there(error: DeployError) -> bool:
    """Whether a refusal says that somebody has made the thing already."""
    return "already exist" in str(error.__cause__)


def _said(error: Any) -> str:
    model = error.response.get("OriginalMessage")
    return f"{error}; the model said {model!r}" if model else str(error)
