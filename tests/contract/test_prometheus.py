"""The Prometheus configuration and alerting rules against the metrics that exist."""

import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
CONFIGURATION = ROOT / "deploy" / "prometheus" / "prometheus.yml"
RULES = ROOT / "deploy" / "prometheus" / "rules" / "fxwatch.yml"
RULES_TEST = Path(__file__).with_name("prometheus_rules_test.yml")


def rules():
    return [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


def test_configuration_reads_the_rules_and_scrapes_both_workers():
    """Prometheus loads the rules file and asks /metrics of ingest and monitor on the port that compose gives them."""
    configuration = yaml.safe_load(CONFIGURATION.read_text())
    found = [path for pattern in configuration["rule_files"] for path in CONFIGURATION.parent.glob(pattern)]
    assert found == [RULES]
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    scraped = {}
    for job in configuration["scrape_configs"]:
        assert job["metrics_path"] == "/metrics"
        for discovery in job["dns_sd_configs"]:
            scraped.update(dict.fromkeys(discovery["names"], discovery["port"]))
    assert scraped.keys() == {"ingest", "monitor"}
    for service, port in scraped.items():
        assert str(port) == compose["services"][service]["command"][-1]


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_rule_uses_names_and_labels_that_exist(rule, expression_faults):
    """Each alert's expression uses only metrics and labels that the page really has."""
    assert expression_faults(rule["expr"]) == []


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_rule_tells_the_operator_what_to_do(rule):
    """Each alert has a severity, a summary in words and a runbook of more than a line."""
    assert rule["labels"]["severity"] in {"warning", "critical"}
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


def test_promtool_accepts_configuration_and_rules(promtool):
    """Prometheus' own checker finds nothing wrong."""
    done = subprocess.run(
        [promtool, "check", "config", CONFIGURATION], check=False, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(rules())} rules found" in done.stdout


def test_every_alert_fires_when_it_should(promtool):
    """On made-up series, every alert of the file fires when all is wrong and none when all is well."""
    done = subprocess.run(
        [promtool, "test", "rules", RULES_TEST], check=False, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    fired = {sample["labels"] for test in yaml.safe_load(RULES_TEST.read_text())["tests"]
             for check in test["promql_expr_test"] for sample in check["exp_samples"]}  # fmt: skip
    assert fired == {f'{{alertname="{rule["alert"]}"}}' for rule in rules()}
