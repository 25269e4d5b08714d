"""The part of a model spec that says which accepted batches a training run uses."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from everfit.spec.mistakes import Mistake, complaint
from everfit.spec.parts import Frozen

PARTITION = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
PATTERN = r"^[A-Za-z0-9._*?\[\]!-]{1,64}$"
Partition = Annotated[str, Field(pattern=PARTITION)]


class WindowSpec(Frozen):
    """Which accepted batches a training run uses."""

    model_config = ConfigDict(validate_by_name=True, serialize_by_alias=True)

    kind: Literal["rolling", "expanding", "static"] = Field(
        default="rolling",
        description="rolling: the newest so many batches; expanding: all of them; static: always the same.",
    )
    batches: int = Field(
        default=6, ge=2, description="Of a rolling window: the newest so many batches, gap and holdout included."
    )
    from_: Partition | None = Field(
        default=None, alias="from", description="No partition before this one is used, such as 2013-01."
    )
    until: Partition | None = Field(default=None, description="Of a static window: its last partition.")
    except_: tuple[Annotated[str, Field(pattern=PATTERN)], ...] = Field(
        default=(),
        alias="except",
        strict=False,
        description="Partitions that are never used, or patterns of them: 2013-03, 2013-1?.",
    )
    skip: int = Field(
        default=0,
        ge=0,
        description="The newest so many batches are not used yet, because their labels are not all in.",
    )
    gap: int = Field(
        default=0,
        ge=0,
        description="So many batches between training and holdout that neither uses, where labels of one reach into "
        "the next.",
    )
    holdout: int = Field(default=1, ge=1, description="The newest so many of the window are kept for judging.")
    at_least: int = Field(default=2, ge=2, description="Do not train on fewer batches than this.")
    key: tuple[Annotated[str, Field(min_length=1)], ...] = Field(
        default=(),
        strict=False,
        description="Columns, made by rows(), that name an example: none may be both in training and in the holdout.",
    )

    @property
    def size(self) -> int | None:
        """How many batches fit into the window; None if that is not limited."""
        return self.batches if self.kind == "rolling" else None

    @property
    def words(self) -> str:
        """The window as a person would say it.

        >>> WindowSpec(kind="expanding", **{"from": "2013-02", "except": ["2013-04"]}).words
        'all batches from 2013-02 on, except 2013-04'
        """
        which = {"rolling": f"the newest {self.batches} batches", "expanding": "all batches", "static": "the batches"}
        parts = [
            which[self.kind],
            f" from {self.from_}" if self.from_ else "",
            f" to {self.until}" if self.until else " on" if self.from_ else "",
            f", except {', '.join(self.except_)}" if self.except_ else "",
            f", but not the last {self.skip}" if self.skip else "",
        ]
        return "".join(parts)

    @property
    def brief(self) -> str:
        """How much is learnt from and judged on, the gap in between.

        >>> WindowSpec(batches=6, gap=1, at_least=3).brief
        '4 + gap 1 + 1 batches'
        """
        gap = f"gap {self.gap} + " if self.gap else ""
        most = str(self.size - self.gap - self.holdout) if self.size else "all"
        static = f" from {self.from_} to {self.until}" if self.kind == "static" else ""
        return f"{most} + {gap}{self.holdout} batches{static}"

    def allows(self, partition: str) -> bool:
        """Whether a batch of this partition may be in the window. Names of partitions are compared as text."""
        if any(fnmatchcase(partition, pattern) for pattern in self.except_):
            return False
        return (self.from_ or "") <= partition and (self.until is None or partition <= self.until)

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        mistakes = [*self._strangers(), *self._sizes()]
        if mistakes:
            raise complaint(mistakes)
        return self

    def _strangers(self) -> Iterator[Mistake]:
        """Keys that say nothing of this kind of window, and ends that are missing or crossed."""
        # A spec that was read says what it did not when it is written down, so the default is no stranger.
        if self.kind != "rolling" and self.batches != type(self).model_fields["batches"].default:
            yield Mistake(("batches",), f"is for a rolling window, and this one is {self.kind}: take it out")
        if self.kind != "static" and self.until is not None:
            yield Mistake(
                ("until",),
                f"is for a static window, and this one is {self.kind}: take it out, or set it for one run in the form",
            )
        if self.kind == "static":
            for name, value in (("from", self.from_), ("until", self.until)):
                if value is None:
                    yield Mistake((name,), "is missing: a static window has a first and a last partition")
            if self.skip:
                yield Mistake(("skip",), "is for a window that moves, and this one is static: take it out")
            if self.from_ and self.until and self.from_ > self.until:
                yield Mistake(("until",), f"found {self.until!r}, wanted a partition not before {self.from_!r}")
        wrong = [one for one in (self.from_, self.until) if one and any(fnmatchcase(one, p) for p in self.except_)]
        if wrong:
            yield Mistake(("except",), f"takes out {wrong[0]!r}, an end of the window: end it where it is to end")

    def _sizes(self) -> Iterator[Mistake]:
        if self.size is not None and self.at_least > self.size:
            yield Mistake(("at_least",), f"found {self.at_least}, wanted at most {self.size}, the number of batches")
        if self.holdout >= self.at_least:
            wanted = f"less than at_least ({self.at_least}), so that something is left to learn from"
            yield Mistake(("holdout",), f"found {self.holdout}, wanted {wanted}")
        elif self.gap + self.holdout >= self.at_least:
            yield Mistake(
                ("gap",),
                f"found {self.gap}; with a holdout of {self.holdout} nothing of at_least ({self.at_least}) is left to "
                f"learn from: raise at_least to {self.gap + self.holdout + 1} or more",
            )
