"""`testbed learn` on a small stream, and its verdicts through the door: lessons come to all partitions."""

import json
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from detectors.contracts.alert import Alert
from detectors.testbed.learning_curve import ORDERS, GivenVerdict
from streams.cli.testbed.learn import command
from streams.testbed.raised_alerts import disposition_lines, raised_alerts
from streams.testbed.truth_files import read_truth
from tests.support.small_result import replayed, simulate

# so few payments have few alerts under the shipped ceiling, and lessons begin to speak at 20
MANY = {"detectors": {"warm_up": 100, "daily_budget": 40.0, "rank_ceiling": 1.0, "most_by_chance": 40.0}}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a stream and its replay."""
    home = tmp_path_factory.mktemp("learn")
    simulate(home / "stream", 2500, 70)
    replayed(home / "stream", home / "result", MANY)
    return home


def run(place: Path, *more: str) -> str:
    """What the command printed."""
    arguments = [str(place / "result"), "--truth", str(place / "stream"), *more]
    done = CliRunner().invoke(command, arguments)
    assert done.exit_code == 0, (done.output, done.exception)
    return done.stdout


def alerts(place: Path, result: str = "result") -> list[Alert]:
    """The monitor's alerts of a result."""
    lines = (place / result / "alerts.jsonl").read_bytes().splitlines()
    return [msgspec.json.decode(line, type=Alert) for line in lines]


def test_every_alert_comes_again_with_what_it_was_raised_on(place: Path) -> None:
    raised = raised_alerts(place / "result", read_truth(place / "stream"))

    assert {one.alert_id for one in raised} == {one.alert_id for one in alerts(place) if one.status != "retracted"}
    # one drawn by lot, of unknown worth, on which nothing counts has none
    assert all(one.inputs is not None for one in raised)
    assert sum(bool(one.inputs) for one in raised) > 0.9 * len(raised)
    assert any(one.true for one in raised)
    assert not all(one.true for one in raised)


def test_a_larger_budget_raises_more_and_the_table_names_every_order(place: Path) -> None:
    told = json.loads(run(place, "--pool", "500", "--json"))["orders"]

    assert [one["order"] for one in told] == list(ORDERS)
    assert len(raised_alerts(place / "result", read_truth(place / "stream"), 500.0)) > len(alerts(place))
    table = run(place, "--a-day", "1").splitlines()
    lines = [line.split("\t") for line in table[3 : 3 + len(ORDERS)]]
    assert [line[0] for line in lines] == list(ORDERS)
    # no order is better than the one that knows the truth, and the desk is not compared with itself
    assert [line[-1] for line in lines if line[0] == "desk"] == ["-"]
    first = {one["order"]: one["stages"][0] for one in told}
    assert first["desk"]["against_desk"]["difference"] == 0.0
    assert first["best"]["precision"]["value"] == max(one["precision"]["value"] for one in first.values())
    assert first["best"]["against_desk"]["difference"] == pytest.approx(
        first["best"]["true"] / first["best"]["opened"] - first["desk"]["true"] / first["desk"]["opened"]
    )


def test_the_report_says_whether_the_told_probability_comes_true(place: Path, tmp_path: Path) -> None:
    """The same bins as the JSON's, counted against the truth; every alert that was told one is in one bin."""
    told = json.loads(run(place, "--pool", "500", "--json", "--report", str(tmp_path / "page.html")))["orders"]

    (product,) = [one["reliability"] for one in told if one["order"] == "entity"]
    assert product["n"] == sum(one["n"] for one in product["bins"]) > 0
    assert 0.0 <= product["brier"] <= 1.0
    page = (tmp_path / "page.html").read_text("utf-8")
    assert page.count("<svg") == 1
    assert f"Of {product['n']:,} opened alerts the ranker told a probability" in page


def test_verdicts_go_through_the_door_and_later_alerts_say_how_likely_they_are(place: Path) -> None:
    """The same alerts, each party's verdicts applied; no alert is missing, and some say their chance."""
    own = place / "stream" / "fx.dispositions.v1.jsonl"
    before = own.read_bytes() if own.exists() else None
    run(place, "--verdicts", str(own))
    try:
        manifest = replayed(place / "stream", place / "judged", MANY)
    finally:
        own.unlink() if before is None else own.write_bytes(before)

    again = alerts(place, "judged")
    assert [one.alert_id for one in again] == [one.alert_id for one in alerts(place)]
    assert manifest.outcomes.get("refused", 0) == 0
    told = [one for one in again if one.probability is not msgspec.UNSET]
    assert told
    assert all(0.0 <= one.probability <= 1.0 and one.lessons >= 20 for one in told)


def test_verdicts_under_another_budget_are_refused(place: Path, tmp_path: Path) -> None:
    arguments = [str(place / "result"), "--truth", str(place / "stream")]
    done = CliRunner().invoke(command, [*arguments, "--pool", "9", "--verdicts", str(tmp_path / "v")])
    assert done.exit_code != 0
    assert not (tmp_path / "v").exists()


def test_lines_are_in_order_of_time_with_ids_of_their_own() -> None:
    given = [
        GivenVerdict("b" * 32, "p", confirmed=True, at_us=2_000_000),
        GivenVerdict("a" * 32, "q", confirmed=False, at_us=1_000_000),
    ]
    lines = [json.loads(line) for line in disposition_lines(given)]
    assert [(one["alert_id"][0], one["verdict"], one["decided_at"]) for one in lines] == [
        ("a", "refuted", "1970-01-01T00:00:01+00:00"),
        ("b", "confirmed", "1970-01-01T00:00:02+00:00"),
    ]
    assert len({one["event_id"] for one in lines}) == 2
