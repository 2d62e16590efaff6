"""The judge from files to files: the same every time, refusing what does not belong together, readable by anybody."""

import json
import re
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path

import click
import msgspec
import pytest
from click.testing import CliRunner

from detectors.testbed.judgement import AS_SHIPPED, BY_VALUE, FILLED_UP, PRODUCT, Settings, canonical_hash
from detectors.testbed.statistics import Estimate, Interval
from streams.cli.testbed.judge import command
from streams.errors import FxwatchError, UsageError
from streams.settings import overlay_configuration
from streams.testbed import replay
from streams.testbed.baseline_runs import run_baselines
from streams.testbed.judge import JudgeReport, judge_result
from streams.testbed.prepared import Silent
from streams.testbed.report import statistical, verdict
from streams.testbed.report.html import html
from streams.testbed.report.markdown import markdown
from streams.testbed.result_files import read_result
from tests.support.small_stream import START, days, write

SETTINGS = Settings(budgets=(3, 7), resamples=200)


def case(number: int, typology: str, party: str, events: list[int], day: int) -> dict:
    """A line of truth; events are numbers of the small stream."""
    return {
        "kind": "case",
        "case_id": f"{typology}-{number:04}",
        "typology": typology,
        "variant": "template",
        "party_id": party,
        "event_ids": [f"E-{event}" for event in events],
        "first_event_time": (START + timedelta(days=day)).isoformat(),
        "last_event_time": (START + timedelta(days=day + 1)).isoformat(),
        "due_event_id": None,
    }


# Eight payments a day: 1 to 3 are of P-0 (split: T01 fires), 6 of P-3
TRUTH = [
    case(1, "T01", "P-0", [41, 42, 43, 49, 50, 51], 5),
    case(2, "T99", "P-3", [86], 10),
    {"kind": "lookalike", "lookalike": "rent", "party_id": "P-2", "event_ids": []},
    {"kind": "totals", "records": 3},
]


def lines(entries: list[dict]) -> str:
    """A truth file's text."""
    return "".join(json.dumps(entry) + "\n" for entry in entries)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`stream/` with its truth, `result/`, and `other/`, which was replayed with another budget."""
    home = tmp_path_factory.mktemp("judge")
    write(days(20), home / "stream")
    (home / "stream" / "truth.jsonl").write_text(lines(TRUTH))
    for name, budget in (("result", 36.0), ("other", 1.0)):
        changed = overlay_configuration(
            {"detectors": {"warm_up": 5, "daily_budget": budget, "rank_ceiling": 1.0, "most_by_chance": 1e9}}
        )
        prepared = replay.prepare_stream(home / "stream", changed)
        replay.replay(prepared, home / name, processes=1, force=False, stages=Silent())
    return home


@pytest.fixture(scope="module")
def report(place: Path) -> JudgeReport:
    """The result judged, against the other."""
    return judge_result(place / "result", place / "stream", SETTINGS, Silent(), against=place / "other")


def without_timings(report: JudgeReport) -> bytes:
    """The report's bytes without what was timed."""
    return msgspec.json.encode({**msgspec.to_builtins(report), "timings": None}, order="sorted")


def test_what_was_planted_is_found(report: JudgeReport) -> None:
    """T01's rule fires on the split payments, and names it as the top reason; its case is found at any budget."""
    own = report.judgement.system(PRODUCT)
    assert [figures.recall.by_typology["T01"].value for figures in own.budgets] == [1.0, 1.0, 1.0]
    for budget in (7, AS_SHIPPED):
        assert own.at(budget).fidelity.by_typology["T01"].share.value == 1.0
    assert report.judgement.stream.without_rule == ("T99",)
    assert [system.name for system in report.judgement.systems] == [
        PRODUCT,
        BY_VALUE,
        FILLED_UP,
        "static_limits",
        "own_history",
        "river_recipe",
        "random",
    ]


def test_two_runs_are_the_same_but_for_timings(place: Path, report: JudgeReport) -> None:
    """Figures, hash, page and Markdown come out byte for byte; the timings alone are of their own run."""
    again = judge_result(place / "result", place / "stream", SETTINGS, Silent(), against=place / "other")
    assert without_timings(again) == without_timings(report)
    assert again.report_hash == report.report_hash == canonical_hash(json.loads(report.as_json()))
    timed = msgspec.structs.replace(again, timings=report.timings)
    assert html(timed) == html(report)
    assert markdown(timed) == markdown(report)


def test_the_partition_comes_out_bit_for_bit(report: JudgeReport) -> None:
    """The judge runs a partition again: same bits, and a cost above nothing."""
    assert report.reproduction.identical
    assert report.reproduction.transactions > 0
    assert report.timings.cpu_us_per_event > 0
    assert set(report.timings.baselines) == {"static_limits", "own_history", "river_recipe", "random"}
    assert report.state.bytes_per_party > 100


def test_the_json_says_what_it_was_made_of(place: Path, report: JudgeReport) -> None:
    """The JSON reads back as the report; it carries the digests of the result's files and of the truth."""
    assert msgspec.json.decode(report.as_json(), type=JudgeReport) == report
    manifest = json.loads((place / "result" / "replay.json").read_text())
    assert report.result.files == manifest["files"]
    assert len(report.truth_sha256) == 64
    described = msgspec.json.schema(JudgeReport)["$defs"]
    assert all(described[name]["description"] for name in ("Judgement", "BudgetFigures", "Recall", "Difference"))


def test_against_itself_nothing_differs(place: Path) -> None:
    """The same result on both sides: every difference [0, 0]."""
    told = judge_result(
        place / "result", place / "stream", SETTINGS, Silent(), against=place / "result", with_baselines=False
    ).comparison
    assert [one.budget for one in told.budgets] == [3, 7, AS_SHIPPED]
    for one in told.budgets:
        assert one.recall.interval == Interval(0.0, 0.0)
        assert one.precision.interval == Interval(0.0, 0.0)


def test_baselines_do_not_depend_on_the_processes(place: Path) -> None:
    """One process or two: the same scores, in the sheet's order."""
    from zoneinfo import ZoneInfo

    sheet = read_result(place / "result").sheet
    one, two = (run_baselines(sheet, ZoneInfo("Asia/Seoul"), 3, Silent(), processes=count)[0] for count in (1, 2))
    for first, second in zip(one, two, strict=True):
        assert first.name == second.name
        assert len(first.priority) == len(sheet)
        assert (first.priority == second.priority).all()


class _Page(HTMLParser):
    """What a page holds: tags, ids, and whatever points out of it."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.references: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            elif name in {"href", "src", "xlink:href", "srcset", "data"}:
                self.references.append(value or "")


def test_the_page_stands_alone(report: JudgeReport) -> None:
    """No script, no link out of the page, no id twice; every plot has words for those who do not see it."""
    page = _Page()
    text = html(report)
    page.feed(text)
    assert "script" not in page.tags
    assert "link" not in page.tags
    assert all(reference.startswith("#") for reference in page.references)
    assert not re.search(r"url\((?!#)|@import", text)
    assert len(set(page.ids)) == len(page.ids)
    assert {reference[1:] for reference in page.references} <= set(page.ids)
    assert page.tags.count("svg") == text.count('role="img" aria-label="') == 7
    assert "prefers-color-scheme: dark" in text
    assert "#010203" not in text


def test_no_word_of_a_plot_is_cut_off_on_the_left(report: JudgeReport) -> None:
    """Failure prevented: a legend of eight systems in one row began outside the picture."""
    places = [float(place) for place in re.findall(r"rotate\(-0 (-?[0-9.]+) [0-9.]+\)", html(report))]
    assert len(places) > 50
    assert min(places) >= 0.0


def test_people_are_told_what_no_rule_looks_for(report: JudgeReport) -> None:
    """Page and Markdown say that T99 is seen by the models only, and give the verdict in words first."""
    for text in (html(report), markdown(report)):
        assert "No rule of this version looks for T99" in text
        assert "fxwatch finds" in text
        assert report.report_hash in text
    assert "as shipped" in markdown(report)


def test_the_models_are_told_apart_from_the_rules(report: JudgeReport) -> None:
    """Page and Markdown: the models alone beside members and baselines, and the raised alerts of each kind."""
    told = report.judgement.statistical
    assert told.orders[0].name == "models"
    assert {"member tails_by_side", "own_history", "random"} <= {one.name for one in told.orders}
    raised = sum(kind.alerts for kind in report.judgement.kinds)
    assert raised == report.judgement.system(PRODUCT).at(AS_SHIPPED).precision.alerts
    for text in (html(report), markdown(report)):
        assert "The statistical part alone" in text
        assert "Alerts raised, by kind" in text
        assert "own_history has" in text
        assert f"They raised {report.judgement.kind('models').alerts:,} alerts of their own" in text
    rows = statistical.statistical_table(report).rows
    assert [row[0] for row in rows] == [one.name for one in told.orders]
    assert rows[0][2] == ""
    assert "points" in rows[-1][2]


def test_a_loss_is_told_as_one(report: JudgeReport) -> None:
    """Worse by so many per cent, the interval turned round; without an interval, or a figure, that is said too."""
    gain = Estimate(-0.5, 9, Interval(-0.75, 0.1))
    assert statistical._better(gain) == "worse by 50 % (-10 to 75)"
    assert statistical._better(Estimate(0.4, 9, Interval(0.1, 0.8))) == "better by 40 % (10 to 80)"
    assert statistical._better(Estimate(0.4, 1)) == "better by 40 %"
    assert statistical._better(Estimate(None, 0)) == "not to be compared"


def test_the_page_tells_the_order_apart_from_the_alerts(report: JudgeReport) -> None:
    """The rows of the product come first, those of the order it makes when filled up behind chance's."""
    rows = [row[0] for row in verdict.verdict_rows(report)]
    assert rows.index(FILLED_UP) > rows.index(PRODUCT)
    assert "Filled up to the budget by score it would find" in verdict.verdict_sentence(report)
    assert "A budget is a ceiling" in markdown(report)


def test_chance_with_as_many_alerts_is_beside_the_product(report: JudgeReport) -> None:
    """Page, Markdown and table show random, as many at every budget; the verdict leads with own events."""
    for text in (html(report), markdown(report)):
        assert text.count("random, as many") >= 4
        assert "by an alert on one of their own events" in text
        assert "As many random alerts find" in text
    rows = verdict.verdict_rows(report)
    assert [row[0] for row in rows[:6]] == [PRODUCT] * 3 + ["random, as many"] * 3
    assert rows[0][1] == rows[3][1]
    assert report.judgement.as_many(3).alerts == report.judgement.system(PRODUCT).at(3).precision.alerts


def test_where_chance_is_as_good_it_is_said(report: JudgeReport) -> None:
    """With chance's figures put in place of fxwatch's lead, the words name what chance does as well; not otherwise."""
    own = report.judgement.system(PRODUCT)

    def said(share: float) -> tuple[str, str]:
        lots = Estimate(share, 2, Interval(share, share))
        chances = tuple(
            [
                msgspec.structs.replace(one, on_events=lots, recall=lots, precision=lots, found_share=lots)
                for one in report.judgement.chance
            ]
        )
        told = msgspec.structs.replace(report, judgement=msgspec.structs.replace(report.judgement, chance=chances))
        return verdict.verdict_sentence(told), verdict.chance(told)

    assert own.at(7).recall.on_events.value > 0.0
    sentence, chance = said(1.0)
    assert "in cases by their own events, cases by their parties, precision and illicit USD found fxwatch" in sentence
    assert "does no better than chance may (the best such draw reaches as far), in" in sentence
    assert "worse than every draw" in sentence
    assert "At 3, 7 and as shipped fxwatch finds no more cases by own events than chance may" in chance
    sentence, chance = said(0.0)
    assert "fxwatch does better than every such draw" in sentence
    assert "than chance may" not in chance
    assert "worse" not in sentence


@pytest.mark.parametrize(("share", "first", "beside"), [(0.02, False, False), (0.2, False, True), (0.5, True, False)])
def test_mostly_cold_is_said_first(report: JudgeReport, share: float, first: bool, beside: bool) -> None:
    """Above 0.3 the verdict begins with how much was cold; from 0.05 on it stands beside it, below nowhere."""
    stream = msgspec.structs.replace(report.judgement.stream, cold_share=share)
    told = msgspec.structs.replace(report, judgement=msgspec.structs.replace(report.judgement, stream=stream))
    sentence = f"For {100 * share:.0f}"
    assert verdict.verdict_sentence(told).startswith(sentence) == first
    assert (verdict.cold(told) is not None) == beside
    assert markdown(told).count("had no calibrated score yet") == (first or beside)


def test_fairness_says_how_many_groups_are_compared(report: JudgeReport) -> None:
    """The words give the number of groups, what chance would give of them, and the confounding."""
    groups = sum(len(told) for told in report.judgement.system(PRODUCT).at(7).fairness.values())
    for text in (html(report), markdown(report)):
        assert f"{groups} groups are compared: at 95 % each, about {groups * 0.05:.1f} would lie beside 1" in text
        assert "Institution goes with party type" in text


def test_faults_are_told_and_not_judged(place: Path, tmp_path: Path) -> None:
    """No result, another stream's truth, damaged truth with its lines, another stream's result: one message each."""
    with pytest.raises(UsageError, match="no result"):
        judge_result(place / "stream", place / "stream", SETTINGS, Silent())
    (tmp_path / "strange.jsonl").write_text(lines([case(1, "T01", "Q", [99999], 1)]))
    with pytest.raises(UsageError, match="does not fit"):
        judge_result(place / "result", tmp_path / "strange.jsonl", SETTINGS, Silent())
    (tmp_path / "damaged.jsonl").write_text('{"kind":"case"}\n{\n')
    with pytest.raises(UsageError, match=r"(?s)line 1.*line 2"):
        judge_result(place / "result", tmp_path / "damaged.jsonl", SETTINGS, Silent())
    write(days(5), tmp_path / "stream")
    prepared = replay.prepare_stream(tmp_path / "stream", overlay_configuration({}))
    replay.replay(prepared, tmp_path / "result", processes=1, force=False, stages=Silent())
    with pytest.raises(UsageError, match="not replays of the same stream"):
        judge_result(
            place / "result", place / "stream", SETTINGS, Silent(), against=tmp_path / "result", with_baselines=False
        )


def test_a_ledgers_replay_is_compared_with_its_own_stream_only(place: Path, tmp_path: Path) -> None:
    """A replay of the result's own ledger may stand against it; that of another stream's ledger is refused."""
    changed = overlay_configuration(
        {"detectors": {"warm_up": 5, "daily_budget": 2.0, "rank_ceiling": 1.0, "most_by_chance": 1e9}}
    )
    replay.replay(
        replay.prepare_result(place / "result", changed), tmp_path / "own", processes=1, force=False, stages=Silent()
    )
    told = judge_result(
        place / "result", place / "stream", SETTINGS, Silent(), against=tmp_path / "own", with_baselines=False
    )
    assert told.comparison is not None
    write(days(12), tmp_path / "stream")
    prepared = replay.prepare_stream(tmp_path / "stream", overlay_configuration({}))
    replay.replay(prepared, tmp_path / "strange", processes=1, force=False, stages=Silent())
    replay.replay(
        replay.prepare_result(tmp_path / "strange", changed),
        tmp_path / "other",
        processes=1,
        force=False,
        stages=Silent(),
    )
    with pytest.raises(UsageError, match="not replays of the same stream"):
        judge_result(
            place / "result", place / "stream", SETTINGS, Silent(), against=tmp_path / "other", with_baselines=False
        )


def run(*arguments: object) -> "click.testing.Result":
    """The command, as a user types it."""
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


def test_the_command_writes_three_reports(place: Path, tmp_path: Path) -> None:
    """Page, Markdown and JSON are there, and the verdict is on standard output; --json gives the report itself."""
    told = run(
        place / "result",
        "--truth",
        place / "stream",
        "--out",
        tmp_path / "out",
        "--budgets",
        "3,1",
        "--resamples",
        200,
        "--no-baselines",
    )
    assert told.exit_code == 0, told.output
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["report.html", "report.json", "report.md"]
    assert "bit for bit" in told.stdout
    assert "fxwatch\t1 (used" in told.stdout
    as_json = run(
        place / "result",
        "--truth",
        place / "stream",
        "--out",
        tmp_path / "again",
        "--budgets",
        "1,3",
        "--resamples",
        200,
        "--no-baselines",
        "--json",
    )
    first = json.loads((tmp_path / "out" / "report.json").read_text())
    assert json.loads(as_json.stdout)["report_hash"] == first["report_hash"]


def test_wrong_use_is_told(place: Path, tmp_path: Path) -> None:
    """Budgets that are none are refused before anything is read; a file in the way is named."""
    for budgets in ("0", "ten", "", "5,-1"):
        told = run(place / "result", "--truth", place / "stream", "--out", tmp_path / "out", "--budgets", budgets)
        assert isinstance(told.exception, UsageError)
    (tmp_path / "taken").write_text("")
    told = run(
        place / "result",
        "--truth",
        place / "stream",
        "--out",
        tmp_path / "taken" / "out",
        "--no-baselines",
        "--resamples",
        100,
        "--budgets",
        1,
    )
    assert isinstance(told.exception, FxwatchError)
    assert "choose a writable place" in told.exception.message


def test_help_has_an_example() -> None:
    """--help shows how it is typed."""
    assert "Example: fxwatch testbed judge result/ --truth stream/ --out judged/" in run("--help").output
