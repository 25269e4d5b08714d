"""The alert rules: what they say of a made-up past, and of a real server."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from tests.monitoring.conftest import CLIENT, MONITORING, Watched, promtool
from tests.services import ROOT

RULES = [rule for group in yaml.safe_load((MONITORING / "alerts.yml").read_text())["groups"] for rule in group["rules"]]
TEST = Path(__file__).with_name("alerts_test.yml")


def test_each_alert_fires_when_it_should_and_only_then() -> None:
    assert "SUCCESS" in promtool("test", "rules", str(TEST))
    tried = [case for test in yaml.safe_load(TEST.read_text())["tests"] for case in test["alert_rule_test"]]
    for rule in RULES:
        outcomes = {bool(case.get("exp_alerts")) for case in tried if case["alertname"] == rule["alert"]}
        assert outcomes == {True, False}, rule["alert"]


def test_a_person_is_told_what_it_means_and_what_to_do() -> None:
    page = (ROOT / "docs/how-to/run-the-model-server.md").read_text()
    for rule in RULES:
        assert rule["labels"]["severity"] in {"page", "ticket"}
        assert rule["annotations"]["summary"]
        assert f"`{rule['alert']}`" in page, f"the how-to page does not say what to do for {rule['alert']}"
    assert set(re.findall(r"^\| `([A-Z]\w+)` \|", page, re.MULTILINE)) == {rule["alert"] for rule in RULES}


def test_a_real_prometheus_evaluates_them_all(watched: Watched) -> None:
    def rules() -> list[dict[str, str]]:
        groups = CLIENT.get(f"{watched.prometheus.url}/api/v1/rules").json()["data"]["groups"]
        return [rule for group in groups for rule in group["rules"]]

    watched.until(lambda: all(rule["health"] != "unknown" for rule in rules()), "every rule was evaluated")
    assert [rule for rule in rules() if rule["health"] != "ok"] == []
    assert {rule["name"] for rule in rules()} == {rule["alert"] for rule in RULES}
    assert {rule["name"] for rule in rules() if rule["state"] == "firing"} == set()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_its_expression_holds_what_is_compared_with(watched: Watched, rule: dict[str, str]) -> None:
    """Without its threshold, and for all but rare events, an alert sees the real server's numbers."""
    rare = {"VersionDoesNotLoad", "RegistryIsAway", "NoChampion", "ManyRowsAreOdd", "ManyRowsGetNoAnswer"}
    rare |= {"AnswersAreNotKept", "RequestsFail", "LoadIsShed"}
    free = re.sub(r"\s(==|>) [\d.e]+\s*$", "", rule["expr"].strip())
    free = re.sub(r"\[\d+m\]", "[10s]", free)
    assert bool(watched.query(free)) or rule["alert"] in rare
