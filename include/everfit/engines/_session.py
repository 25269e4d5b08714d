"""The Spark session of this process, with everfit sent to the workers."""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
import warnings
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

import everfit
from everfit.errors import SpecError, Unreachable
from everfit.ports import Cluster

CONF = {
    "spark.app.name": "everfit",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.memory": "1g",  # rows do not pass through it
    "spark.scheduler.barrier.maxConcurrentTasksCheck.maxFailures": "4",  # a minute for executors to come up, not ten
}


def session_at(cluster: Cluster) -> Any:
    """The session on the cluster; a second call gives the same one.

    Errors: `SpecError` if pyspark is not installed or the cluster's conf is wrong, `Unreachable` if nobody answers.
    """
    try:
        import pyspark  # noqa: F401
    except ImportError as error:
        raise SpecError(
            "the spec says `engine: spark`, and pyspark is not installed here: pip install pyspark (for an address "
            "sc://, 'pyspark[connect]'; else Java 17 is needed too)"
        ) from error
    return _session(cluster.url, tuple(sorted(cluster.conf.items())))


@cache
def _session(url: str, conf: tuple[tuple[str, str], ...]) -> Any:
    from pyspark.errors import PySparkException, PySparkImportError
    from pyspark.sql import SparkSession

    far = url.startswith("sc://")
    if not far:
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.remote(url) if far else SparkSession.builder.master(url)
    for name, value in (({} if far else CONF) | dict(conf)).items():
        builder = builder.config(name, value)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # of pandas 3, which we use no part of Spark with
            session = builder.getOrCreate()
        if far:
            session.addArtifacts(str(_ours()), pyfile=True)
            return session
    except (ImportError, PySparkImportError) as error:
        raise SpecError(f"for {url}, Spark Connect is needed: pip install 'pyspark[connect]' ({error})") from error
    except (PySparkException, RuntimeError, ConnectionError) as error:
        first = str(error).strip().splitlines()[0]
        raise Unreachable(f"no Spark session at {url}: {first[:300]}") from error
    return _with_ours(session, url)


def _with_ours(session: Any, url: str) -> Any:
    """A session of our own, with our code; Spark has one at most in a process, and gives that one whatever is asked."""
    found = session.sparkContext.master
    if found != url:
        raise SpecError(f"this process has a Spark session at {found} already; one at {url} needs another process")
    session.sparkContext.addPyFile(str(_ours()))
    return session


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    """Where the sent file lies as long as the process lives: executors fetch it when they first have work."""
    return tempfile.TemporaryDirectory(prefix="everfit-spark-")


@cache
def _ours() -> Path:
    """The library as it is here, for the workers: so that they run this very code.

    Its name says its content, for a cluster that lives longer than a version of everfit.
    """
    top, into = Path(everfit.__file__).parent, Path(_folder().name) / "everfit.zip"
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(top.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                archive.write(path, Path("everfit") / path.relative_to(top))
    return into.rename(into.with_name(f"everfit-{hashlib.sha256(into.read_bytes()).hexdigest()[:16]}.zip"))
