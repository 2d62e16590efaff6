"""Shared by the contract tests: what the metrics page offers against what an expression uses; programs."""

import re
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from faust.sensors import Monitor
from prometheus_client.parser import text_string_to_metric_families

from detectors.contracts.alert import Versions
from streams.faust_runtime.faust_metrics import FaustMonitorCollector
from streams.operations.metrics import Metrics

# Labels that Prometheus itself adds to every scraped series.
SCRAPE_LABELS = {"instance", "job"}
WORDS = {
    "and",
    "or",
    "unless",
    "by",
    "without",
    "on",
    "ignoring",
    "group_left",
    "group_right",
    "bool",
    "offset",
    "inf",
    "nan",
}


def offered() -> dict[str, set[str]]:
    """Sample name -> labels, of a page on which every metric has a value, and of `up`, which Prometheus adds."""
    metrics = Metrics(
        partitions=1,
        desks=["d"],
        typologies=["T01"],
        topics=["fx.transactions.v1"],
        codes=["c"],
        detectors=["m"],
        versions=Versions(code="1", config="1", detectors="1", rules="1"),
    )
    metrics.register(FaustMonitorCollector(SimpleNamespace(conf=SimpleNamespace(id="a"), monitor=Monitor())))
    for agent in metrics.agents:
        metrics.set_partition_state(agent, 0, "running")
        metrics.set_lag(agent, 0, 0)
        metrics.set_hidden(agent, 0, 0)
        metrics.set_loaded(agent, 0, refused=0, cold=False)
    metrics.set_state_size(0, 0, 0)
    metrics.sender_keys.labels("none").set(0)
    metrics.typology_enabled.labels("T01").set(1)
    names: dict[str, set[str]] = {"up": set()}
    for family in text_string_to_metric_families(metrics.page().decode()):
        for sample in family.samples:
            names.setdefault(sample.name, set()).update(sample.labels)
    return names


def used(expression: str) -> dict[str, set[str]]:
    """Metric name -> labels of its own matchers, and under `""` the labels that the expression groups by."""
    grouping = re.compile(r"\b(?:by|without|on|ignoring)\s*\(([^)]*)\)")
    labels = {label.strip() for group in grouping.findall(expression) for label in group.split(",")} - {""}
    bare = re.sub(r"\[[^\]]*\]", " ", grouping.sub(" ", expression))
    found: dict[str, set[str]] = {"": labels}
    pattern = re.compile(r"(?<![\w.])([a-zA-Z_:][a-zA-Z0-9_:]*)\s*(\{[^}]*\}|\()?")
    for name, follows in pattern.findall(re.sub(r'"[^"]*"', '""', bare)):
        if follows == "(" or name in WORDS:
            continue
        found.setdefault(name, set()).update(re.findall(r"([a-zA-Z_]\w*)\s*(?:=~|!~|!=|=)", follows))
    return found


def faults(expression: str) -> list[str]:
    """What is wrong with the names in an expression; empty when every one exists on the page."""
    page, names = offered(), used(expression)
    grouped = names.pop("")
    problems = [f"no such metric: {name}" for name in names if name not in page]
    for name, labels in names.items():
        problems += [f"{name} has no label {label}" for label in labels - page.get(name, labels) - SCRAPE_LABELS]
    everywhere = set().union(*(page.get(name, set()) for name in names)) | SCRAPE_LABELS
    problems += [f"grouped by a label that no metric here has: {label}" for label in sorted(grouped - everywhere)]
    return problems if names else ["no metric in it"]


@pytest.fixture
def expression_faults():
    """The function that tells what is wrong with the names of a PromQL expression."""
    return faults


@pytest.fixture
def offered_metrics():
    """Every sample name of the metrics page."""
    return set(offered())


@pytest.fixture
def metrics_used():
    """The function that names the metrics of a PromQL expression, buckets of histograms as their samples are called."""
    return lambda expression: set(used(expression)) - {""}


def tool(*names):
    """Path of a program; `make promtool` puts it beside this Python. Skips, saying so, where there is none."""
    beside = str(Path(sys.executable).parent)
    found = next(
        (path for name in names for path in (shutil.which(name, path=beside), shutil.which(name)) if path), None
    )
    if found is None:
        pytest.skip(f"{names[0]} is not on PATH nor in the environment; to do: make promtool (Debian), or install it")
    return found


@pytest.fixture
def promtool():
    """Checks Prometheus' configuration and rules, and tries rules on made-up series."""
    return tool("promtool")


@pytest.fixture
def amtool():
    """Checks Alertmanager's configuration, and tells which receiver an alert goes to."""
    return tool("amtool")


@pytest.fixture
def prometheus_program():
    """Prometheus itself."""
    return tool("prometheus")


@pytest.fixture
def alertmanager_program():
    """Alertmanager itself, by upstream's name or by Debian's, which needs its templates where the package has them."""
    found = tool("alertmanager", "prometheus-alertmanager")
    template = "/usr/share/prometheus/alertmanager/default.tmpl"
    if not Path(template).exists() and template.encode() in Path(found).read_bytes():
        pytest.skip(f"Debian's Alertmanager needs {template}; to do: make promtool as root, or as it told you")
    return found
