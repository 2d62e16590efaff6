"""The Prometheus configuration and alerting rules against the metrics that exist."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.support.fleet_series import Worker, series

ROOT = Path(__file__).parents[2]
CONFIGURATION = ROOT / "deploy" / "prometheus" / "prometheus.yml"
RULES = ROOT / "deploy" / "prometheus" / "rules" / "fxwatch.yml"
LOCAL = CONFIGURATION.with_name("prometheus.local.yml")
RUNBOOK = ROOT / "docs" / "RUNBOOK.md"


def rules():
    return [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


def test_configuration_reads_the_rules_and_scrapes_both_workers():
    """Prometheus loads the rules file and asks /metrics of each worker on the port that compose gives it."""
    configuration = yaml.safe_load(CONFIGURATION.read_text())
    found = [path for pattern in configuration["rule_files"] for path in CONFIGURATION.parent.glob(pattern)]
    assert found == [RULES]
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    scraped = {}
    for job in configuration["scrape_configs"]:
        assert job["metrics_path"] == "/metrics"
        for discovery in job["dns_sd_configs"]:
            scraped.update(dict.fromkeys(discovery["names"], discovery["port"]))
    assert scraped.keys() == {"ingest", "monitor", "shared"}
    for service, port in scraped.items():
        assert str(port) == compose["services"][service]["command"][-1]


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_rule_uses_names_and_labels_that_exist(rule, expression_faults):
    """Each alert's expression uses only metrics and labels that the page really has."""
    assert expression_faults(rule["expr"]) == []


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_rule_tells_the_operator_what_to_do(rule):
    """Each alert has a severity, what is acted on, a summary in words and a first thing to do of more than a line."""
    assert rule["labels"]["severity"] in {"warning", "critical"}
    assert rule["labels"]["acts_on"] in {"kafka", "workers", "inputs", "senders", "rates", "models"}
    assert len(rule["annotations"]["summary"]) > 20
    assert len(rule["annotations"]["runbook"]) > 80


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        ("rate(fxwatch_recordsread_total[5m])", "no such metric: fxwatch_recordsread_total"),
        ('fxwatch_lag_records{desk="x"} > 1e3', "fxwatch_lag_records has no label desk"),
        ("sum by (desk) (fxwatch_lag_records)", "grouped by a label that no metric here has: desk"),
        ("vector(1)", "no metric in it"),
    ],
)
def test_wrong_names_are_found(expression, problem, expression_faults):
    """The check itself can fail: misspelt metric, missing label, a grouping that gives nothing, no metric at all."""
    assert expression_faults(expression) == [problem]


@pytest.mark.parametrize("configuration", [CONFIGURATION, LOCAL], ids=lambda path: path.name)
def test_promtool_accepts_configuration_and_rules(configuration, promtool):
    """Prometheus' own checker finds nothing wrong."""
    done = subprocess.run(
        [promtool, "check", "config", configuration], check=False, capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(rules())} rules found" in done.stdout


def test_both_configurations_tell_an_alertmanager():
    """Rules that nobody is told of wake nobody: compose's service by its name and port, and the plain process."""
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    told = {
        path.name: [
            target
            for one in yaml.safe_load(path.read_text())["alerting"]["alertmanagers"]
            for static in one["static_configs"]
            for target in static["targets"]
        ]
        for path in (CONFIGURATION, LOCAL)
    }
    assert told == {"prometheus.yml": ["alertmanager:9093"], "prometheus.local.yml": ["127.0.0.1:9093"]}
    assert compose["alertmanager"]["ports"] == ["127.0.0.1:9093:9093"]


def test_every_metric_that_a_rule_asks_for_is_missed_when_it_is_absent(metrics_used):
    """FxwatchMetricAbsent has all of them, so that no rule is silent because an older release runs."""
    asked = {name for rule in rules() if rule["alert"] != "FxwatchMetricAbsent" for name in metrics_used(rule["expr"])}
    expression = next(rule["expr"] for rule in rules() if rule["alert"] == "FxwatchMetricAbsent")
    missed = re.findall(r'label_replace\(absent\((\w+)\), "metric", "(\w+)", "", ""\)', expression)
    assert all(name == label for name, label in missed)
    # `up` is Prometheus' own; without build_info there is no worker at all, which is FxwatchFleetGone
    assert sorted(name for name, _ in missed) == sorted(asked - {"up", "fxwatch_build_info"})


def test_the_scenarios_use_series_of_the_real_page(expression_faults):
    """tests/support/fleet_series.py makes up no metric and no label."""
    made_up = {one["series"].replace("}", ', job="j"}', 1) for one in series([Worker("m1")], minutes=0)}
    assert len(made_up) > 30
    assert [fault for name in made_up for fault in expression_faults(name)] == []


def test_each_rule_has_its_section_in_the_runbook():
    """`runbook_url` leads to a heading of docs/RUNBOOK.md: what it means, how to see it, what to do, when to wait."""
    sections = dict(re.findall(r"^### (Fxwatch\w+)$(.*?)(?=^##|\Z)", RUNBOOK.read_text(), re.MULTILINE | re.DOTALL))
    assert list(sections) == [rule["alert"] for rule in rules()]  # none too many, in the rules' order
    for rule in rules():
        assert rule["annotations"]["runbook_url"] == f"docs/RUNBOOK.md#{rule['alert'].lower()}"
        for word in ("**Means**", "**See**", "**Do**", "**Wait**"):
            assert word in sections[rule["alert"]], (rule["alert"], word)


def test_each_rule_gives_the_reason_of_its_figures():
    """Above each rule stands a comment; it names the rule's `for` in its own unit, or says why there is none."""
    blocks = re.findall(r"((?:^ +#.*\n)+) +- alert: (\w+)\n", RULES.read_text(), re.MULTILINE)
    reasons = {name: comment for comment, name in blocks}
    for rule in rules():
        wanted = re.sub(r"(\d+)m", r"\1 min", rule.get("for", "")).replace("30s", "30 s")
        words = [wanted] if wanted else ["At once", "no `for`"]
        assert any(word in reasons[rule["alert"]] for word in words), rule["alert"]


def test_each_scenario_rule_is_fired_by_a_test():
    """No rule is without a scenario in which it fires (tests/contract/test_alert_scenarios.py)."""
    text = Path(__file__).with_name("test_alert_scenarios.py").read_text()
    assert [rule["alert"] for rule in rules() if f'"{rule["alert"]}"' not in text] == []


def test_shares_are_of_payments_or_of_their_own_topic():
    """No rule divides by what the monitor applied: a rate is in there once a ledger partition, 12 times."""
    shares = [rule["expr"] for rule in rules() if " / " in rule["expr"]]
    assert len(shares) == 2
    assert [one for one in shares if re.search(r"/.*fxwatch_events_total", one)] == []
