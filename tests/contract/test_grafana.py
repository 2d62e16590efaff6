"""The Grafana dashboard and its provisioning against the metrics that exist."""

import json
import re
import subprocess
from pathlib import Path

import pytest
import yaml

GRAFANA = Path(__file__).parents[2] / "deploy" / "grafana"
DASHBOARD = json.loads((GRAFANA / "dashboards" / "fxwatch.json").read_text())
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
QUERIES = [(panel["title"], target["expr"]) for panel in PANELS for target in panel["targets"]]


@pytest.mark.parametrize(("title", "expression"), QUERIES, ids=[f"{title}-{n}" for n, (title, _) in enumerate(QUERIES)])
def test_query_uses_names_and_labels_that_exist(title, expression, expression_faults):
    """Each panel asks only for metrics and labels that the page really has."""
    assert expression_faults(expression) == []


def test_every_metric_is_shown(offered_metrics):
    """No metric of the product's own is left off the dashboard, so that a new one is thought of."""
    text = " ".join(expression for _, expression in QUERIES)
    names = {
        re.sub(r"_(total|bucket|count|sum|created)$", "", name)
        for name in offered_metrics
        if name.startswith("fxwatch_")
    }
    left_off = {name for name in names if not re.search(rf"\b{name}(_|\b)", text)}
    assert left_off == set(), f"to do: a panel for each of these in {GRAFANA / 'dashboards' / 'fxwatch.json'}"


def test_panels_have_a_description_and_their_own_place():
    """Each panel says what it shows; ids are unique and no two panels overlap."""
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(ids) == len(set(ids))
    cells = set()
    for panel in PANELS:
        assert len(panel["description"]) > 20, panel["title"]
        place = panel["gridPos"]
        mine = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not mine & cells, panel["title"]
        assert place["x"] + place["w"] <= 24
        cells |= mine


def test_provisioning_points_at_the_datasource_and_the_dashboards():
    """The panels' datasource is the provisioned one, and Grafana looks for dashboards where compose mounts them."""
    provisioned = yaml.safe_load((GRAFANA / "provisioning" / "datasources" / "prometheus.yml").read_text())[
        "datasources"
    ][0]
    used = {target["datasource"]["uid"] for panel in PANELS for target in panel["targets"]}
    assert used == {provisioned["uid"]}
    compose = yaml.safe_load((GRAFANA.parents[1] / "docker-compose.yml").read_text())["services"]
    assert provisioned["url"] == "http://prometheus:9090"
    provider = yaml.safe_load((GRAFANA / "provisioning" / "dashboards" / "fxwatch.yml").read_text())["providers"][0]
    mounts = dict(volume.split(":")[:2] for volume in compose["grafana"]["volumes"])
    assert mounts["./deploy/grafana/dashboards"] == provider["options"]["path"]
    assert mounts["./deploy/grafana/provisioning"] == "/etc/grafana/provisioning"


def test_promtool_can_parse_every_query(promtool, tmp_path):
    """Prometheus' own parser accepts every query, Grafana's interval variable filled in."""
    rules = [
        {"record": f"panel:query:{number}", "expr": expression.replace("$__rate_interval", "1m")}
        for number, (_, expression) in enumerate(QUERIES)
    ]
    path = tmp_path / "queries.yml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    done = subprocess.run([promtool, "check", "rules", path], check=False, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(QUERIES)} rules found" in done.stdout


def test_shares_are_of_payments_or_of_their_own_topic():
    """No panel divides by what the monitor applied: a rate is in there once a ledger partition, 12 times."""
    shares = [expression for _, expression in QUERIES if "/" in expression]
    assert len(shares) >= 5
    assert [one for one in shares if re.search(r"/.*fxwatch_events_total", one)] == []


def test_no_query_depends_on_a_jobs_name():
    """Prometheus' jobs may be called as their owner likes."""
    assert [expression for _, expression in QUERIES if re.search(r"job\s*(=|!)", expression)] == []


def test_the_runbook_names_panels_that_exist():
    """Whoever is told to look at a panel finds it: each name in docs/RUNBOOK.md begins a panel's title."""
    text = (GRAFANA.parents[1] / "docs" / "RUNBOOK.md").read_text()
    named = [name for line in text.splitlines() if "anel" in line for name in re.findall(r'"([A-Z][^"]+)"', line)]
    assert len(named) > 15
    assert [name for name in named if not any(panel["title"].startswith(name) for panel in PANELS)] == []
