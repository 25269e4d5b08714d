"""The dashboard and the files that bring it there."""

from __future__ import annotations

import json
import re

import pytest
import yaml

from tests.architecture.compose import PROJECT, filled, load
from tests.monitoring.conftest import CLIENT, DASHBOARD, MONITORING, SCRAPE, Watched, expressions, panels

NAME = re.compile(r"\b((?:everfit|process)_\w+|up)\b(?=[{\[)]|\s|$)")
RARE = {"Odd rows A", "No answer A", "Answers kept B", "Turned away B"}
"""Of events that a calm server does not see."""


def test_its_panels_stand_side_by_side_with_a_title_and_a_word_of_what_they_show() -> None:
    board = json.loads(DASHBOARD.read_text())
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    taken: set[tuple[int, int]] = set()
    for panel in board["panels"]:
        at = panel["gridPos"]
        cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        assert not cells & taken, f"{panel['title']} lies on another panel"
        assert at["x"] + at["w"] <= 24
        taken |= cells
    for panel in panels():
        assert panel["title"]
        assert panel["description"]
        assert panel["targets"]
        letters = [target["refId"] for target in panel["targets"]]
        assert len(set(letters)) == len(letters)
        assert panel["datasource"] == {"type": "prometheus", "uid": "prometheus"}


def test_everything_that_the_issue_names_is_shown() -> None:
    shown = " ".join(expr for _, expr in expressions())
    for name in ("requests_total", "request_seconds", "score", "confidence", "flags", "version_info", "abstained"):
        assert f"everfit_{name}" in shown
    assert 'status!="200"' in shown


@pytest.mark.parametrize(("title", "expr"), expressions(), ids=[title for title, _ in expressions()])
def test_each_query_gives_data_from_a_server_with_some_traffic(watched: Watched, title: str, expr: str) -> None:
    found = watched.query(expr)
    assert found or title in RARE
    assert all(float(one["value"][1]) == float(one["value"][1]) for one in found if "value" in one), "not a number"


def test_its_variable_lists_the_models(watched: Watched) -> None:
    (variable,) = json.loads(DASHBOARD.read_text())["templating"]["list"]
    series, label = re.fullmatch(r"label_values\((\w+), (\w+)\)", variable["definition"]).groups()
    found = CLIENT.get(f"{watched.prometheus.url}/api/v1/label/{label}/values", params={"match[]": series}).json()
    assert found["data"] == ["toy"]


def test_each_metric_that_is_named_is_in_a_real_scrape(watched: Watched) -> None:
    page = CLIENT.get(f"{watched.server.url}/metrics", headers={"Authorization": f"Bearer {SCRAPE}"}).text
    samples = set(re.findall(r"^(\w+)[{ ]", page, re.MULTILINE))
    counters = set(re.findall(r"^# TYPE (\w+) (?:counter|gauge)$", page, re.MULTILINE))  # what has not happened yet
    said = yaml.safe_load((MONITORING / "alerts.yml").read_text())["groups"]
    exprs = [rule["expr"] for group in said for rule in group["rules"]] + [expr for _, expr in expressions()]
    named = set(NAME.findall("\n".join(exprs)))
    assert len(named) > 12
    assert named <= samples | counters | {"up"}


def test_grafana_is_given_its_data_and_its_dashboard() -> None:
    (source,) = yaml.safe_load((MONITORING / "grafana/provisioning/datasources/prometheus.yaml").read_text())[
        "datasources"
    ]
    services = load("docker-compose.yaml", filled())
    assert source["uid"] == "prometheus"
    assert source["url"] == "http://prometheus:9090"
    assert "--web.listen-address=0.0.0.0:9090" in services["prometheus"]["command"][0]
    (provider,) = yaml.safe_load((MONITORING / "grafana/provisioning/dashboards/everfit.yaml").read_text())["providers"]
    mounted = dict(volume.removesuffix(":ro").split(":") for volume in services["grafana"]["volumes"])
    (where,) = [source for source, inside in mounted.items() if inside == provider["options"]["path"]]
    assert (PROJECT / where / DASHBOARD.name).samefile(DASHBOARD)
