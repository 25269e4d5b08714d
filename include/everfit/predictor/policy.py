"""`answers.json` and `ranges.json`: what a model answers to odd rows, and what was not odd when it learnt."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from everfit.errors import Corrupted, SpecError, did_you_mean
from everfit.features import Ranges
from everfit.spec import AnswersSpec
from everfit.spec.answers import Action
from everfit.values import Answer, dump, load

POLICY, RANGES = "answers.json", "ranges.json"
FILES = (POLICY, RANGES)
T = TypeVar("T")


@dataclass(frozen=True)
class Policy:
    """What is done by what was found, as the spec said at training; see `everfit.spec.AnswersSpec`."""

    actions: Mapping[str, Action]
    confidence: float | None = None
    width: float | None = None
    constant: Answer | None = None

    @classmethod
    def of(cls, answers: AnswersSpec, classes: tuple[str, ...] = ()) -> Policy:
        """The policy that a spec declares. Errors: `SpecError` for a constant of other classes than the model has."""
        named = answers.constant if isinstance(answers.constant, Mapping) else {}
        for name in named if classes else ():
            if name not in classes:
                raise SpecError(f"answers.constant: there is no class {name!r}{did_you_mean(name, classes)}")
        if missing := [name for name in classes if named and name not in named]:
            raise SpecError(f"answers.constant: the class {missing[0]!r} is missing")
        constant = {name: named[name] for name in classes} if named and classes else answers.constant
        return cls(answers.actions, answers.confidence, answers.width, constant)


def files(policy: Policy, ranges: Ranges | None) -> dict[str, bytes]:
    """The two files of a model folder; equal training gives equal bytes. None without ranges: it is served as it was
    before there were any."""
    return {} if ranges is None else {POLICY: _to_bytes(policy), RANGES: _to_bytes(ranges)}


def read_policy(folder: Path) -> Policy:
    """The policy of a model folder, that of a spec that says nothing where the folder has none."""
    return _read(folder / POLICY, Policy) or Policy.of(AnswersSpec())


def read_ranges(folder: Path) -> Ranges | None:
    """The ranges of a model folder; None where it was made before there were any."""
    return _read(folder / RANGES, Ranges)


def _to_bytes(value: Any) -> bytes:
    return (json.dumps(dump(value), indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def _read(path: Path, kind: type[T]) -> T | None:
    try:
        return load(kind, json.loads(path.read_bytes()))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise Corrupted(f"{path} is not what training writes there: {error}") from error
