"""How the worse version was stopped, told so that a person can check it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from statistics import fmean, median

import httpx
from prometheus_client.parser import text_string_to_metric_families
from rich.console import Console
from rich.text import Text

from everfit.ledger.entries import BatchAccepted, BatchQuarantined, CandidateJudged, GatesOverridden, StageEntered
from everfit.rollouts.judging import Found
from everfit.values import Outcome as Said
from everfit.values import load
from tools.demo import page
from tools.demo.canary import AGAIN, FIRST, Outcome
from tools.demo.errors import DemoError
from tools.demo.strip import drawn, skyline
from tools.demo.traffic import Answer
from tools.demo.watch import MODEL, Watch
from tools.local.stack import Stack

SKYLINE = 72
"""Characters, at most."""
SOON = 5.0
"""Seconds within which the server has to follow the decision."""


def tell(console: Console, stack: Stack, outcome: Outcome, watch: Watch, total: float) -> bool:
    """Print the account and whether every claim in it is true."""
    page.batches(console, outcome.view)
    page.gates(console, outcome.view)
    told = page.commands(console, stack, (["rollout", MODEL],))
    _judge(console, outcome)
    _people(console, outcome)
    _in_time(console, outcome)
    page.spent(console, watch, total)
    return page.checked(console, _claims(stack, outcome, watch)) and told


def _found(outcome: Outcome) -> Found:
    return load(Found, outcome.evidence["found"])


def _answers(outcome: Outcome, version: int | None) -> list[Answer]:
    return [answer for answer in outcome.traffic.answers if answer.version == version]


def _loss(answers: Sequence[Answer]) -> float:
    """Mean log loss: what the judge watches, from what callers wrote down."""
    return fmean(
        -math.log(said if came else 1 - said)
        for answer in answers
        for said, came in zip(answer.said, answer.came, strict=True)
    )


def _judge(console: Console, outcome: Outcome) -> None:
    table = page.columns("signal", "verdict", "effect", "bar", "interval against bar", "of")
    for part in _found(outcome).parts:
        table.add_row(
            part.name,
            Text("harm" if part.outcome is Said.FAILED else part.outcome.value, page.TONE[part.outcome]),
            "" if part.effect is None else f"{part.effect:+.3f}",
            "" if part.bar is None else f"{part.bar:.3g}",
            drawn(part, page.TONE[part.outcome]),
            f"{part.n:,} {'answers' if part.name == 'errors' else 'flights'}",
        )
    page.section(console, "What the judge saw when it stopped the canary", table)


def _people(console: Console, outcome: Outcome) -> None:
    table = page.columns("answered by", "answers", "flights", "log loss", "median", "slowest")
    for version in (outcome.view.champion, outcome.stopped.body.version):
        mine = _answers(outcome, version)
        times = [1000 * answer.seconds for answer in mine]
        table.add_row(
            f"version {version}",
            f"{len(mine):,}",
            f"{sum(len(answer.said) for answer in mine):,}",
            f"{_loss(mine):.3f}",
            f"{median(times):.0f} ms",
            f"{max(times):.0f} ms",
        )
    table.add_row("nobody", f"{len(outcome.traffic.failures)}")
    page.section(console, f"What people got, who asked about {len(_any(outcome).said)} flights at a time", table)


def _any(outcome: Outcome) -> Answer:
    return outcome.traffic.answers[0]


def _in_time(console: Console, outcome: Outcome) -> None:
    """The share that the worse version answered as time went by, and the moments that count."""
    worse = outcome.stopped.body.version
    first, last = _span(outcome)
    end = outcome.traffic.answers[-1].done
    each = timedelta(seconds=max(1, math.ceil((end - first).total_seconds() / SKYLINE)))
    text = Text()
    text.append(f"share of the requests that version {worse} answered, {each.seconds} s a column\n", "dim")
    text.append(skyline(_shares(outcome, worse, first, each)) + "\n", "red")
    text.append(" " * ((outcome.stopped.at - first) // each) + "▲ stopped", "bold")
    answers, labels = outcome.evidence["answers"], outcome.evidence["labels"]
    stopped = f"the judge stops it, after {answers:,} answers, by what became of {labels:,} of its flights"
    since = sum(answer.sent > last for answer in outcome.traffic.answers)
    for moment, what in (
        (first, f"version {worse} answers somebody for the first time"),
        (outcome.stopped.at, f"{stopped} (entry {outcome.stopped.seq})"),
        (
            last,
            f"it answers somebody for the last time; version {outcome.view.champion} answers all {since} after that",
        ),
    ):
        text.append(f"\n{(moment - first).total_seconds():6.1f} s  ", "bold").append(what)
    page.section(console, "In time", text)


def _span(outcome: Outcome) -> tuple[datetime, datetime]:
    """When the first caller had an answer of the worse version, and when the last one had."""
    done = [answer.done for answer in _answers(outcome, outcome.stopped.body.version)]
    return min(done), max(done)


def _shares(outcome: Outcome, version: int, since: datetime, each: timedelta) -> list[float]:
    columns: dict[int, list[bool]] = {}
    for answer in outcome.traffic.answers:
        columns.setdefault((answer.done - since) // each, []).append(answer.version == version)
    return [fmean(columns.get(column, [False])) for column in range(max(columns) + 1)]


def _claims(stack: Stack, outcome: Outcome, watch: Watch) -> dict[str, bool]:
    """Everything that the play claims, checked at the sources: ledger, store, MLflow, the server, Airflow, callers."""
    from everfit.registry.mlflow import MlflowRegistry

    view, traffic, stopped = outcome.view, outcome.traffic, outcome.stopped
    champion, worse, (_, last) = view.champion, stopped.body.version, _span(outcome)
    judged, found = view.of(CandidateJudged)[-1].body, _found(outcome)
    registry = MlflowRegistry(f"http://127.0.0.1:{stack.ports.mlflow}", stack.paths.work / "demo")
    server, statuses = _server(stack, "/models").json()[MODEL], _statuses(stack)
    since = {answer.version for answer in traffic.answers if answer.sent > last}
    return {
        "no wrong file was odd enough to be refused": not view.of(BatchQuarantined)
        and len(view.of(BatchAccepted)) == len(FIRST) + len(AGAIN),
        "all gates passed the worse version, and nobody overrode one": judged.promote
        and not view.of(GatesOverridden)
        and all(verdict.outcome is Said.PASSED for verdict in judged.verdicts),
        "it came as far as the first step of its canary": [e.body.share for e in view.of(StageEntered)] == [0.2],
        "people got worse forecasts from it than from the champion": _loss(_answers(outcome, worse))
        > _loss(_answers(outcome, champion)),
        "its judge stopped it by itself, for the harm it saw": found.harm and stopped.body.reason == found.reason,
        f"within {SOON:.0f} s the champion answered everybody again": (last - stopped.at).total_seconds() < SOON
        and since == {champion},
        "nobody went without an answer, as callers and the server say": not traffic.failures
        and set(statuses) == {"200"}
        and statuses["200"] >= len(traffic.answers),
        "ledger, MLflow and server name the champion of before": champion == 1
        and registry.aliases(MODEL) == server["aliases"] == {"champion": champion}
        and "route" not in server,
        "in Airflow the stopped deployment failed, and nothing else": watch.failed == [f"{MODEL}_deploy"],
    }


def _server(stack: Stack, path: str) -> httpx.Response:
    try:
        return httpx.get(f"http://127.0.0.1:{stack.ports.server}{path}", timeout=20, trust_env=False).raise_for_status()
    except httpx.HTTPError as error:
        raise DemoError(f"the model server does not answer {path}: {error!r}") from error


def _statuses(stack: Stack) -> Mapping[str, float]:
    """How many requests for predictions the server has counted, by the status that they were answered with."""
    counted: dict[str, float] = {}
    for family in text_string_to_metric_families(_server(stack, "/metrics").text):
        for sample in family.samples:
            if sample.name == "everfit_requests_total":
                counted[sample.labels["status"]] = counted.get(sample.labels["status"], 0) + sample.value
    return counted
