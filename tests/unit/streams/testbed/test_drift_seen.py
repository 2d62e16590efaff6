"""A change that is planted in a stream is in the judge's report, and a stream without one has none there."""

import json
import random
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from detectors.testbed.judgement import Settings
from streams.contracts.input_record import InputRecord
from streams.settings import overlay_configuration
from streams.testbed import replay
from streams.testbed.drift_seen import read_drifts
from streams.testbed.judge import JudgeReport, judge_result
from streams.testbed.prepared import Silent
from streams.testbed.report.drift import NONE_SEEN, drift_table
from streams.testbed.report.markdown import markdown
from streams.testbed.result_files import read_result
from tests.support.small_stream import START, payment, rate, write

SETTINGS = Settings(budgets=(3,), resamples=20)
DAYS, CHANGE, A_DAY = 31, 20, 64


def stream(seed: int, factor: float) -> list[InputRecord]:
    """A month of 64 payments a day by 16 people, of about 1 000 USD; from a day on they are `factor` times as large."""
    lots, records = random.Random(seed), []
    for day in range(DAYS):
        records.append(rate(day))
        for number in range(A_DAY):
            usd = 1000 * 2 ** lots.gauss(0, 0.7) * (factor if day >= CHANGE else 1)
            at = START + timedelta(days=day, minutes=10 * number)
            records.append(payment(A_DAY * day + number, at, f"P-{number % 16}", amount=f"{usd:.2f}"))
    return records


def judged(place: Path, seed: int, factor: float) -> JudgeReport:
    """The report on such a stream, over two partitions."""
    write(stream(seed, factor), place / "stream")
    totals = {"kind": "totals", "records": DAYS * (A_DAY + 1)}
    (place / "stream" / "truth.jsonl").write_text(json.dumps(totals) + "\n")
    prepared = replay.prepare_stream(place / "stream", overlay_configuration({"engine": {"partitions": 2}}))
    replay.replay(prepared, place / "result", processes=1, force=False, stages=Silent())
    return judge_result(place / "result", place / "stream", SETTINGS, Silent(), with_baselines=False)


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, JudgeReport]:
    """A stream whose amounts double, and its report."""
    place = tmp_path_factory.mktemp("changed")
    return place, judged(place, 1, 2.0)


def test_amounts_that_double_are_seen_on_their_day(changed: tuple[Path, JudgeReport]) -> None:
    """Among others perhaps: what the models say changes with them."""
    place, report = changed
    [drift] = [one for one in report.drift if one.measure == "amount"]
    assert (drift.segment, drift.since) == ("person.out", (START + timedelta(days=CHANGE)).date())
    assert read_drifts(read_result(place / "result")) == report.drift
    assert "hour" not in {one.measure for one in report.drift}


def test_the_report_shows_the_day_and_both_means(changed: tuple[Path, JudgeReport]) -> None:
    """In its table, and on the page of words."""
    _, report = changed
    table = drift_table(report)
    [row] = [one for one in table.rows if one[1] == "amount"]
    assert row[:3] == ("person.out", "amount", "2026-05-10")
    before, after = (float(cell.split(" USD")[0]) for cell in row[3:])
    assert 950 < before < 1100
    assert 1.8 < after / before < 2.3
    assert "## Drift seen" in markdown(report)
    assert NONE_SEEN not in table.reading
    assert NONE_SEEN in drift_table(msgspec.structs.replace(report, drift=())).reading


def test_a_stream_without_a_change_has_none(tmp_path: Path) -> None:
    assert judged(tmp_path, 2, 1.0).drift == ()
