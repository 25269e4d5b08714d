"""Section 2 of the rubric: tests for model development."""

from __future__ import annotations

from everfit.ledger.entries import ModelRegistered
from everfit.rubric import Proof, by_hand, done, not_done
from everfit.steps.readiness.facts import Facts, Rule, at, main_metric
from everfit.values import Outcome

SIMPLER = ("beats_baseline",)
SLICES = ("harms_no_slice", "no_hidden_harm")
FAIRNESS = ("treats_groups_alike",)
OVER_TIME = ("holds_over_time",)
FEWEST = 3
CHANGED = "+changes"


def reviewed(facts: Facts) -> Proof:
    """Spec and feature code are those of a commit."""
    revision = facts.explanation.made_with.revision if facts.explanation else ""
    if not revision:
        return not_done("no git revision holds the spec that this run used, as far as anybody wrote down")
    if revision.endswith(CHANGED):
        return not_done(f"spec or feature code differ from git revision {revision[:10]}: commit them")
    return by_hand(
        f"spec and feature code are those of git revision {revision[:10]}; who reviewed it is not known here"
    )


def correlate(facts: Facts) -> Proof:
    """What versions were worth when they were judged, and what on data that came later."""
    versions = {one.body.version.version: one.body.judged for one in facts.view.of(ModelRegistered)}
    pairs: dict[int, tuple[float, float]] = {}
    for run, later in facts.evaluations.items():
        if later.champion is None or later.champion not in versions:
            continue
        name, then = (
            main_metric(later.metrics["candidate"]),
            facts.evaluations.get(facts.view.judged(versions[later.champion]).run),
        )
        if then and then.candidate.run != run and name in then.metrics["candidate"] and "champion" in later.metrics:
            pairs[later.champion] = (then.metrics["candidate"][name], later.metrics["champion"][name])
    if len(pairs) < FEWEST:
        return not_done(
            f"{len(pairs)} version{'s' * (len(pairs) != 1)} so far served while newer labels came; it takes {FEWEST}"
        )
    found = _spearman(list(pairs.values()))
    said = f"rank correlation {found:.2f} between judgement and later data, of {len(pairs)} versions"
    return done(said) if found > 0 else not_done(f"measured, and what is better offline is not better later: {said}")


def tuned(facts: Facts) -> Proof:
    """Its parameters come from a search."""
    if facts.judged.body.run in facts.searches:
        return done("the parameters come from a search that ran before this training (see the search)")
    if facts.searches:
        return by_hand(f"parameters were searched for in run {max(facts.searches)}, not for this candidate")
    return not_done("no search ever ran for this model: give it train.search")


def staleness(facts: Facts) -> Proof:
    """The champion, which knows less, was measured beside the candidate on data that is new to both."""
    told = facts.verdicts(*OVER_TIME)
    if told and told[0].parts:
        return done(f"{told[0].gate} measured {len(told[0].parts)} past windows ({at(facts.judged)}): {told[0].reason}")
    now = facts.evaluation
    if now is None or now.champion is None or "champion" not in now.metrics:
        return not_done("no older model was measured on this holdout, so what age costs is not known")
    name = main_metric(now.metrics["candidate"])
    old, new = now.metrics["champion"].get(name), now.metrics["candidate"].get(name)
    if old is None or new is None:
        return not_done(f"champion and candidate have no {name} on this holdout")
    last = facts.view.trained_on(now.champion).batches[-1].label
    return done(f"version {now.champion}, with data up to {last}, has {name} {old:.4g} here; the candidate {new:.4g}")


def simpler(facts: Facts) -> Proof:
    """A gate held it against something simpler, and it was better."""
    return by_gates(facts, SIMPLER, "compares it with something simpler")


def slices(facts: Facts) -> Proof:
    """A gate looked at slices, and none was harmed."""
    return by_gates(facts, SLICES, "looks at slices")


def inclusion(facts: Facts) -> Proof:
    """A gate looked at groups of people, and found no difference beyond its margin."""
    return by_gates(facts, FAIRNESS, "looks at groups of people")


MODEL: tuple[Rule, ...] = (reviewed, correlate, tuned, staleness, simpler, slices, inclusion)


def by_gates(facts: Facts, gates: tuple[str, ...], what: str) -> Proof:
    """Whether gates of these names spoke, and let it pass."""
    spoke = facts.verdicts(*gates)
    if not spoke:
        return not_done(f"no gate that {what} is in the spec ({', '.join(gates)})")
    missed = [verdict for verdict in spoke if verdict.outcome is not Outcome.PASSED]
    if missed:
        return not_done(f"ran, and {missed[0].gate} says {missed[0].outcome.value}: {missed[0].reason}")
    return done(f"{', '.join(dict.fromkeys(one.gate for one in spoke))} passed ({at(facts.judged)}): {spoke[0].reason}")


def _spearman(pairs: list[tuple[float, float]]) -> float:
    from scipy.stats import spearmanr

    return float(spearmanr(*zip(*pairs, strict=True)).statistic)
