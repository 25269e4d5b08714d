"""What people read before they approve a promotion, in Markdown, and who may answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from everfit_airflow.links.kept import path_of_airflow

if TYPE_CHECKING:
    from everfit.ledger import View
    from everfit.ledger.approvals import Approval
    from everfit.ledger.entries import ApprovalAsked
    from everfit.spec import ModelSpec
    from everfit.values import Verdict

MARKS = {"passed": "✓ passed", "failed": "✗ **failed**", "cannot tell": "? cannot tell"}


def body(view: View, spec: ModelSpec, version: int, found: Approval) -> str:
    """The evidence: the decision, a line for each gate, what it was made from, who has answered, and the deadline."""
    from everfit.ledger.trace import trace
    from everfit.steps.card import name_of, report_key

    told, terms = trace(view, spec.name, version), found.asked.body
    instead = f"would replace champion {told.against}" if told.against else "would be the first champion"
    learnt = [source.label for source in told.sources if source.role == "learnt from"]
    judged = [source.label for source in told.sources if source.role == "judged on"]
    why = f"trained because of {_plain(told.why)}" + (f", by {_plain(told.by)}" if told.by else "")
    top = f"{path_of_airflow()}/everfit"
    links = (
        f"[The gates' report]({top}/{report_key(spec.name, name_of(view.judgement(version).key, told.run))})",
        f"[what it was made from]({top}/models/{spec.name}/lineage/{version})",
        f"[all decisions]({top}/models/{spec.name})",
    )
    said_so_far = [said for said in told.people if " needs approval by " not in said]
    parts = (
        f"**{_plain(spec.title or spec.name)}** Version {version} {instead}: {_plain(told.reason)}.",
        "\n".join(["| gate | says | because |", "|---|---|---|", *map(_row, told.verdicts)]),
        f"Learnt from {_span(learnt)}, judged on {_span(judged)}; {why}.",
        "\n".join(f"* {_plain(said)}" for said in said_so_far),
        " · ".join(links),
        _terms(terms),
    )
    return "\n\n".join(filter(None, parts))


def _terms(terms: ApprovalAsked) -> str:
    """How many have to approve, by when, and what happens else."""
    people = ("Two different people have" if terms.four_eyes else "One person has") + " to approve"
    if terms.until is None:
        return f"{people}; one who rejects is enough to keep it back."
    then = "**promoted**" if terms.otherwise == "promote" else "**kept back**"
    return f"{people} by {terms.until:%Y-%m-%d %H:%M} UTC, or else it is {then}; one who rejects keeps it back."


def respondents(found: Approval) -> list[Any] | None:
    """Who may still answer, as Airflow knows people; None where it cannot hold them to their names.

    Only the simple auth manager takes a name as the id of a user; FAB has numbers, Keycloak has ids of its own. There
    everybody may answer who may edit the DAG, and the ledger refuses who is not asked.
    """
    from airflow.sdk.configuration import conf

    given = {entry.body.by for entry in found.given}
    left = [person for person in found.asked.body.people if person not in given]
    simple = str(conf.get("core", "auth_manager")).endswith(".SimpleAuthManager")
    return [{"id": person, "name": person} for person in left] if simple and left else None


def _row(verdict: Verdict) -> str:
    return f"| {verdict.gate} | {MARKS[verdict.outcome.value]} | {_plain(verdict.reason)} |"


def _span(labels: list[str]) -> str:
    """Batches from the first to the last.

    >>> _span(["2013-01", "2013-02", "2013-03"]), _span(["2013-04"]), _span([])
    ('2013-01 to 2013-03', '2013-04', 'nothing')
    """
    return " to ".join(dict.fromkeys([labels[0], labels[-1]])) if labels else "nothing"


def _plain(text: str) -> str:
    r"""Text that Markdown shows as it is.

    >>> print(_plain("a|b <i>*x*"))
    a\|b \<i\>\*x\*
    """
    return "".join(f"\\{c}" if c in r"\`*_[]<>|#" else " " if c == "\n" else c for c in text)
