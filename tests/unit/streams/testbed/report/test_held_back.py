"""What a replay says of the quarantine: its core's own counters, the judge's count of rows, and the report's table."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from detectors.testbed.judgement import Settings
from streams.settings import overlay_configuration
from streams.testbed import replay
from streams.testbed.judge import JudgeReport, judge_result
from streams.testbed.prepared import Silent
from streams.testbed.report.held_back import OFF, UNTOLD, held_back_table
from streams.testbed.report.html import html
from streams.testbed.report.markdown import markdown
from streams.testbed.result_files import read_manifest
from tests.support.small_stream import days, write

SETTINGS = Settings(budgets=(3,), resamples=20)
DAYS = 80


def judged(place: Path, quarantine: dict[str, Any], **more: Any) -> JudgeReport:
    """The report on 80 days of six parties, of which the first splits its payments, over two partitions."""
    records = days(DAYS)
    write(records, place / "stream")
    truth = {"kind": "totals", "records": len(records)}
    (place / "stream" / "truth.jsonl").write_text(json.dumps(truth) + "\n")
    tables = {"engine": {"partitions": 2}, "detectors": {"warm_up": 30}, "quarantine": quarantine} | more
    prepared = replay.prepare_stream(place / "stream", overlay_configuration(tables))
    replay.replay(prepared, place / "result", processes=1, force=False, stages=Silent())
    return judge_result(place / "result", place / "stream", SETTINGS, Silent(), with_baselines=False)


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, JudgeReport]:
    """The report on the quarantine as it ships."""
    place = tmp_path_factory.mktemp("held")
    return place, judged(place, {})


def test_rows_and_the_cores_own_counters_agree(shipped: tuple[Path, JudgeReport]) -> None:
    """The judge counts held payments by rows, the core counted each as it held it."""
    place, report = shipped
    counts = read_manifest(place / "result").held_back
    assert report.became == counts
    assert report.held_back is not None
    assert report.held_back.held == counts["held"] > 100
    assert report.held_back.crime == 0
    # three payments on each of 80 days; of more than 32 the oldest went
    assert counts["pushed_out"] > 100
    # the others have one payment a day, as many as others may learn in 30 days
    assert counts["held"] + report.held_back.others > 2 * counts["held"]


def test_the_table_shows_both_in_each_form(shipped: tuple[Path, JudgeReport]) -> None:
    """Held by kind of payment, then what became of them."""
    _, report = shipped
    assert report.held_back is not None
    table = held_back_table(report)
    held, of = report.held_back.others_held, report.held_back.others
    assert table.rows[2] == ("all other payments", f"{held:,}", f"{of:,}", f"{100 * held / of:.1f} %")
    assert table.rows[0] == ("payments of planted cases", "0", "0", "-")
    assert ("never learned, as the party had too many", f"{report.became['pushed_out']:,}", "-", "-") in table.rows
    assert "| all other payments |" in markdown(report)
    assert "Held back from learning" in html(report)


def test_a_quarantine_that_is_off_says_so(tmp_path: Path) -> None:
    """Nothing is held, and no share is shown."""
    report = judged(tmp_path, {"days": 0})
    assert (report.held_back, report.became["held"]) == (None, 0)
    assert OFF in held_back_table(report).reading


def test_a_result_of_an_earlier_version_says_that_it_did_not_count(shipped: tuple[Path, JudgeReport]) -> None:
    """It has no counters; the rows still tell who was held."""
    table = held_back_table(msgspec.structs.replace(shipped[1], became={}))
    assert UNTOLD in table.reading
    assert len(table.rows) == 3
