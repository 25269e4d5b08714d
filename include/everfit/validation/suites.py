"""A table's expectations: a Great Expectations suite in GX's own JSON, checked before any data is looked at."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from everfit.errors import SpecError, did_you_mean

SEVERITIES = ("critical", "warning", "info")
ON_FAILURE = ("quarantine_rows",)
_SUITE_KEYS = ("name", "expectations", "meta", "notes", "id")
_EXPECTATION_KEYS = ("type", "kwargs", "severity", "description", "meta", "notes", "id")


@dataclass(frozen=True)
class Expectation:
    """One expectation of a suite: GX's name for it, its arguments, how grave a failure is, and the team's own words."""

    kind: str
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    severity: str = "critical"
    description: str = ""

    @property
    def column(self) -> str | None:
        """The column it is about, if it is about a single one."""
        name = self.kwargs.get("column")
        return name if isinstance(name, str) else None

    @property
    def gx_severity(self) -> str:
        """The severity as GX knows it: it has no word for taking out the rows that break an expectation."""
        return "critical" if self.severity == "quarantine" else self.severity


@dataclass(frozen=True)
class Suite:
    """All expectations on one table, in the order in which they are written."""

    path: Path
    expectations: tuple[Expectation, ...]


def load_suite(path: Path) -> Suite:
    """Read a suite, as GX writes it: `{"name": ..., "expectations": [{"type", "kwargs", "severity"}, ...]}`.

    GX itself leaves out an expectation whose type it does not know and goes on, so that a slip of the pen would accept
    everything: here any slip is a `SpecError` that names the file and the expectation. (Types and arguments are held
    against GX's own when the suite is first run: `everfit.validation.gx`.)
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SpecError(f"{path}: cannot read the expectations: {error.strerror}") from error
    except ValueError as error:
        raise SpecError(f"{path}: the expectations are not JSON: {error}") from error
    if not isinstance(data, dict) or not isinstance(data.get("expectations"), list):
        raise SpecError(f'{path}: wanted a GX suite, {{"name": ..., "expectations": [...]}}')
    _known_keys(str(path), data, _SUITE_KEYS)
    if not data["expectations"]:
        raise SpecError(f"{path}: the suite expects nothing; a table without expectations would always be accepted")
    return Suite(path, tuple(_expectation(path, place, entry) for place, entry in enumerate(data["expectations"], 1)))


def _expectation(path: Path, place: int, entry: Any) -> Expectation:
    where = f"{path}: expectation {place}"
    if not isinstance(entry, dict) or not isinstance(entry.get("type"), str):
        raise SpecError(f'{where}: wanted {{"type": "expect_...", "kwargs": {{...}}}}')
    where = f"{where} ({entry['type']})"
    _known_keys(where, entry, _EXPECTATION_KEYS)
    kwargs, severity = entry.get("kwargs", {}), entry.get("severity", "critical")
    if not isinstance(kwargs, dict):
        raise SpecError(f"{where}: kwargs must be an object, not {kwargs!r}")
    if severity not in SEVERITIES:
        raise SpecError(f"{where}: there is no severity {severity!r}{did_you_mean(str(severity), SEVERITIES)}")
    _regex_compiles(where, kwargs.get("regex"))
    if _quarantines(where, entry, kwargs):
        severity = "quarantine"
    return Expectation(entry["type"], kwargs, severity, entry.get("description") or "")


def _quarantines(where: str, entry: Mapping[str, Any], kwargs: Mapping[str, Any]) -> bool:
    """Whether rows that break the expectation are taken out: `"meta": {"on_failure": "quarantine_rows"}`."""
    meta = entry.get("meta") or {}
    if not isinstance(meta, dict):
        raise SpecError(f"{where}: meta must be an object, not {meta!r}")
    if "on_failure" not in meta:
        return False
    if meta["on_failure"] not in ON_FAILURE:
        known = did_you_mean(str(meta["on_failure"]), ON_FAILURE)
        raise SpecError(f"{where}: meta.on_failure cannot be {meta['on_failure']!r}{known}")
    if kwargs.get("mostly", 1) != 1:
        raise SpecError(
            f"{where}: mostly does not go with on_failure: quarantine_rows, which takes out every row that breaks the "
            "expectation; how many may go is the table's quarantine_at_most"
        )
    if entry.get("severity", "critical") != "critical":
        raise SpecError(
            f"{where}: severity {entry['severity']!r} does not go with on_failure: quarantine_rows; leave it out"
        )
    return True


def _regex_compiles(where: str, regex: Any) -> None:
    try:
        re.compile(regex or "")
    except (re.error, TypeError) as error:
        raise SpecError(f"{where}: {regex!r} is not a regular expression: {error}") from error


def _known_keys(where: str, entry: Mapping[str, Any], known: tuple[str, ...]) -> None:
    for key in entry:
        if key not in known:
            raise SpecError(f"{where}: there is no key {key!r}{did_you_mean(key, known)}")
