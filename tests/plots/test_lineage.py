"""The drawing of a lineage: every batch where there is room, and what is wrong always."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree import ElementTree

from everfit.ledger.trace import Period, Role, Source, Trace
from everfit.plots.lineage import as_page, draw
from everfit.values import FileHash, Outcome, Verdict

DAY = datetime(2026, 3, 1, 7, 30, tzinfo=UTC)


def source(number: int, role: Role = Role.LEARNT, **changes: Any) -> Source:
    said = {"revision": "", "recalled": "", "corrected": ""} | changes
    return Source(role, f"part-{number:03}", f"part-{number:03}", f"{number:064x}", 1000, number, **said)


def made_of(*sources: Source, **changes: Any) -> Trace:
    verdict = Verdict("above_bar", Outcome.PASSED, "AUC is 0.7")
    known: dict[str, Any] = {
        "model": "toy", "version": 3, "standing": "champion", "touched": False, "run": "r", "why": "new data",
        "by": "ada", "note": "", "asked": DAY, "snapshot": "5eed", "device": "cpu", "sources": sources, "judged": 9,
        "judged_at": DAY, "against": None, "reason": "", "verdicts": (verdict,), "registered_at": DAY,
        "files": (FileHash("features.py", "c0de", 1),), "mlflow_run": "m", "served": (),
    }  # fmt: skip
    return Trace(**(known | changes))


def words(picture: str) -> list[str]:
    """What the picture says; it is whole XML, or this fails."""
    return ["".join(node.itertext()) for node in ElementTree.fromstring(picture).iter() if node.tag.endswith("}text")]


def test_every_batch_is_drawn_with_its_role() -> None:
    picture = draw(made_of(source(1), source(2, Role.APART), source(3, Role.JUDGED, revision="abcdef0123")), {})
    said = words(picture)
    assert {"part-001", "part-002", "part-003", "learnt from", "kept apart", "judged on"} <= set(said)
    assert "1,000 rows · 000000000000 · git abcdef0" in said
    assert "never served" in said


def test_of_very_many_batches_the_middle_is_one_card_and_what_is_wrong_stays() -> None:
    many = [source(n, recalled="entry 9" if n == 50 else "") for n in range(100)]
    said = words(draw(made_of(*many, source(100, Role.JUDGED)), {}))
    assert "part-000" in said
    assert "part-050" in said
    assert "recalled, learnt from" in said
    assert "part-100" in said
    assert "part-020" not in said
    assert "86 more" in said
    assert "86,000 rows" in said
    assert "101 batches, 101,000 rows" in said


def test_a_long_reign_shows_its_newest_periods() -> None:
    periods = tuple(Period(DAY + timedelta(days=n), DAY + timedelta(days=n, hours=1)) for n in range(9))
    said = words(draw(made_of(source(1), served=periods), {}))
    assert "3 more before" in said
    assert "2026-03-09 07:30 to 2026-03-09 08:30" in said


def test_what_people_wrote_stays_text() -> None:
    evil = "<script>alert(1)</script>"
    picture = draw(made_of(source(1), note=evil, by=evil), {"code": evil})
    assert evil not in as_page(picture, evil)
    assert any("<script>" in said for said in words(picture))


def test_equal_traces_are_drawn_equally() -> None:
    one, other = (draw(made_of(source(1), source(2)), {"code": "c"}) for _ in range(2))
    assert one == other
