"""The steps of everfit in their order, from a delivered batch to a champion, for one process and one person."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

from everfit.cli.telling import Line, Telling
from everfit.errors import KeptBack, NotEnoughData, Unreachable
from everfit.settings import roles
from everfit.values import Arrival, Evaluation, Inspection

if TYPE_CHECKING:
    from everfit.cost import Bill, Prices
    from everfit.ledger.entries import RunTriggered
    from everfit.ports import Ports
    from everfit.spec import ModelSpec
    from everfit.steps.snapshot import TrainRequest
    from everfit.steps.spending import Account
    from everfit.values import Candidate, Features, Judgement, Snapshot

SHOWN = 10
STEPS = (
    "waiting",
    "validate",
    "commit",
    "resolve",
    "build_features",
    "search",
    "train",
    "evaluate",
    "judge",
    "register",
    "deploy",
)


@dataclass(frozen=True)
class Flow:
    """One walk through the steps, up to and including `until`."""

    ports: Ports
    spec: ModelSpec
    telling: Telling
    until: str
    must_deploy: bool = False
    prices: Prices | None = None

    def run(self, request: TrainRequest) -> None:
        """Take in what has arrived, train if that is due, deploy what waits."""
        self._take_in()
        if self._goes_to("resolve"):
            self._train(request)
        if self._goes_to("deploy"):
            self._deploy()

    def _goes_to(self, step: str) -> bool:
        return STEPS.index(step) <= STEPS.index(self.until)

    def _take_in(self) -> None:
        from everfit.steps.ingest import waiting

        with self.telling.step("waiting") as line:
            arrivals = waiting(self.ports, self.spec)
            line.say(f"{len(arrivals)} new: {', '.join(a.partition for a in arrivals)}" if arrivals else "nothing new")
        if self._goes_to("validate"):
            for arrival in arrivals:
                self._take_one(arrival)

    def _take_one(self, arrival: Arrival) -> None:
        from everfit.ledger.words import in_words
        from everfit.steps.commit import commit
        from everfit.steps.validate import validate

        with self.telling.step("validate") as line:
            line(arrival.partition)
            found = validate(self.ports, self.spec, arrival)
            line.say(_found(found), "" if found.accepted else "red")
        for reason in found.reasons[:SHOWN]:
            self.telling.note(reason, "red")
        if self._goes_to("commit"):
            with self.telling.step("commit") as line:
                entry = commit(self.ports, self.spec, found, attempt=f"cli-{uuid4().hex[:12]}")
                words = in_words(entry).partition(":")[0] if found.reasons else in_words(entry)
                line.say(f"entry {entry.seq}: {words}", "red" if found.reasons else "")

    def _train(self, request: TrainRequest) -> None:
        from everfit.steps.snapshot import resolve, same_again, snapshot_of
        from everfit.steps.why_now import NotNow

        with self.telling.step("resolve") as line:
            try:
                request = same_again(self.ports, self.spec, request)
                with self._spending("resolve", line) as account:
                    triggered = resolve(self.ports, self.spec, request)
                    account.run = "" if isinstance(triggered, NotNow) else triggered.run
            except NotEnoughData as error:
                line.say(f"not yet: {error}", "yellow")
                return
            if isinstance(triggered, NotNow):
                line.say(f"{triggered.words}; --force trains all the same")
                return
            snapshot = snapshot_of(self.spec, triggered)
            learnt, held = (", ".join(b.label for b in part) for part in (snapshot.training, snapshot.held_out))
            apart = f"keep them apart by {', '.join(b.label for b in snapshot.between)}; " if snapshot.gap else ""
            line.say(f"learn from {learnt}; {apart}judge on {held}; snapshot {snapshot.id}")
        if self._goes_to("build_features"):
            self._learn(snapshot, triggered)

    def _learn(self, snapshot: Snapshot, triggered: RunTriggered) -> None:
        from everfit.steps.build_features import build_features
        from everfit.steps.refuse import refuse_hopeless
        from everfit.steps.train import train

        with self.telling.step("build_features") as line:
            with self._spending("features", line) as account:
                account.run = triggered.run
                features = build_features(self.ports, self.spec, snapshot)
            if not triggered.forced:
                refuse_hopeless(self.ports, self.spec, snapshot, features)
            rows = f"{features.training_rows:,} rows to learn from, {features.holdout_rows:,} to judge on"
            line.say(f"{len(features.columns)} features; {rows}; {features.unlabeled_rows:,} without a label")
        if self.spec.train.search and self._goes_to("search"):
            self._search(snapshot, features, triggered)
        if not self._goes_to("train"):
            return
        with self.telling.step("train") as line:
            with self._spending("train", line, triggered.device) as account:
                account.run = triggered.run
                candidate = train(self.ports, self.spec, snapshot, features, triggered.run, triggered.device, line)
                account.mlflow_run = candidate.mlflow_run
            line.say(f"{self.spec.train.algorithm} on {candidate.device} in {candidate.seconds:.2f} s")
        if candidate.placement and candidate.placement.fell_back:
            self.telling.note(f"not on {candidate.placement.wanted}: {candidate.placement.why}", "yellow")
        self.telling.note(self.ports.registry.run_url(candidate.mlflow_run))
        if self._goes_to("evaluate"):
            self._judge(snapshot, features, candidate)

    def _search(self, snapshot: Snapshot, features: Features, triggered: RunTriggered) -> None:
        from everfit.steps.choose import choose
        from everfit.steps.search import search

        with self.telling.step("search") as line:
            with self._spending("search", line, triggered.device) as account:
                account.run = triggered.run
                search(self.ports, self.spec, snapshot, features, triggered, 0, line, self.prices)
            found = choose(self.ports, self.spec, triggered.run)
            line.say(f"trial {found.trial + 1} of {found.trials}: {found.metric} {found.value:.4f}")

    def _judge(self, snapshot: Snapshot, features: Features, candidate: Candidate) -> None:
        from everfit.steps.evaluate import evaluate
        from everfit.steps.judge import judge
        from everfit.steps.regret import in_short
        from everfit.steps.spending import bill

        with self.telling.step("evaluate") as line:
            with self._spending("evaluate", line) as account:
                account.run, account.mlflow_run = candidate.run, candidate.mlflow_run
                evaluation = evaluate(self.ports, self.spec, snapshot, features, candidate, line)
            line.say(_compared(evaluation))
        if not self._goes_to("judge"):
            return
        with self.telling.step("judge") as line:
            with self._spending("judge", line) as account:
                account.run, account.mlflow_run = candidate.run, candidate.mlflow_run
                judgement = judge(self.ports, self.spec, evaluation)
            style = "bold green" if judgement.promote else "bold yellow"
            line.say(f"entry {judgement.entry}: {judgement.reason}", style)
        self.telling.verdicts(judgement.verdicts)
        self.telling.note(_cost(bill(self.ports, self.spec.name, candidate.run)))
        if worth := in_short(self.ports, self.spec, candidate.run):
            self.telling.note(worth)
        if judgement.promote and self._goes_to("register"):
            self._register(judgement)

    def _register(self, judgement: Judgement) -> None:
        from everfit.steps.register import register

        with self.telling.step("register") as line:
            with self._spending("register", line) as account:
                account.run, account.mlflow_run = judgement.candidate.run, judgement.candidate.mlflow_run
                version = register(self.ports, self.spec, judgement)
            line.say(f"version {version.version}: {len(version.files)} files, each with its SHA-256 in the ledger")

    def _deploy(self) -> None:
        from everfit.ledger.words import in_words
        from everfit.steps.attest import attest
        from everfit.steps.judge_again import with_fresh_evidence
        from everfit.steps.rollout import advance

        version = self.ports.ledger(self.spec.name).view().challenger
        if version is None or not self._agreed(version):
            attest(self.ports, self.spec)
            return
        with self.telling.step("deploy") as line:
            if not self._server_answers():
                line.say(f"no model server answers, so version {version} waits; run again once one does")
                return
            with self._spending("deploy", line) as account:
                account.for_version(self.ports.ledger(self.spec.name).view(), version)
                try:
                    standing = with_fresh_evidence(
                        *(self.ports, self.spec, version, line),
                        lambda: advance(self.ports, self.spec, version, f"cli-{uuid4().hex[:12]}#1", line),
                    )
                except KeptBack as error:
                    line.say(str(error), "bold yellow")
                    return
            said = f"entry {standing.entry.seq}: {in_words(standing.entry)}"
            line.say(said, {"champion": "bold green", "stopped": "bold red"}.get(standing.outcome, "bold cyan"))
        if not standing.done:
            self.telling.note(f"everfit rollout {self.spec.name} shows how far it is; run again to look again")
        for receipt in attest(self.ports, self.spec):
            self.telling.note(f"entry {receipt.seq}: {in_words(receipt)}")

    def _agreed(self, version: int) -> bool:
        """Whether people have agreed to the version, where the spec asks them."""
        if self.spec.promotion.approval is None:
            return True
        from everfit.ledger.approvals import Answer, in_short
        from everfit.steps.approve import ask, lapse

        with self.telling.step("approval") as line:
            ask(self.ports, self.spec, version, roles())
            found = lapse(self.ports, self.spec, version)
            agreed = found.answer is Answer.APPROVED
            line.say(f"version {version} is {found.answer}: {in_short(found)}", "green" if agreed else "yellow")
        if found.answer is Answer.OPEN:
            self.telling.note(f'everfit approve {self.spec.name} {version} --reason "..." (or reject)')
        return agreed

    def _spending(self, step: str, line: Line, device: str = "cpu") -> AbstractContextManager[Account]:
        from everfit.steps.spending import spending

        return spending(self.ports, self.prices, self.spec.name, step, line, device)

    def _server_answers(self) -> bool:
        try:
            self.ports.target.follow(self.ports.registry.route(self.spec.name))
        except Unreachable:
            if self.must_deploy:
                raise
            return False
        return True


def _found(inspection: Inspection) -> str:
    if inspection.duplicate_of is not None:
        return f"{inspection.partition}: the same bytes as in entry {inspection.duplicate_of}"
    reasons = len(inspection.reasons)
    verdict = "in order" if inspection.accepted else f"{reasons} reason{'s' * (reasons > 1)} to refuse it"
    return f"{inspection.partition}: {inspection.rows:,} rows, {len(inspection.checks)} checks, {verdict}"


def _cost(taken: Bill) -> str:
    """What the run took up to here, and what it cost where there is a price list."""
    money = f", cost {taken.total:.4f} {taken.currency}" if taken.total is not None else ""
    return f"took {taken.cpu_seconds:.1f} s of CPU time, at most {taken.peak_memory_mb:,.0f} MB of memory{money}"


def _compared(evaluation: Evaluation) -> str:
    """Each metric of the candidate, and the champion's beside it."""
    champion = evaluation.metrics.get("champion", {})
    parts = [
        f"{name} {value:.4g}" + (f" (champion {champion[name]:.4g})" if name in champion else "")
        for name, value in evaluation.metrics["candidate"].items()
    ]
    return f"{', '.join(parts)} on {evaluation.holdout_rows:,} rows"
