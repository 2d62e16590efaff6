"""Training mode: draws, scoring, what is shown blind and what is told afterwards."""

import json
from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner

from detectors.testbed import exercise as training
from detectors.testbed.exercise import Answer, Question
from streams.cli.testbed.exercise import command
from streams.errors import UsageError
from streams.keys.pseudonyms import testbed_keys as keys_of_testbed
from streams.testbed import blind_page, exercise
from streams.testbed.result_files import read_result
from streams.testbed.truth_files import read_truth
from tests.support.small_result import replayed, simulate


def planted(name: str, typology: str) -> Question:
    """A planted case of its own party."""
    return Question(kind="case", name=name, group=typology, typology=typology, parties=(f"party of {name}",))


def honest(number: int, lookalike: str = "") -> Question:
    """An honest party, close to a rule where a look-alike's name is given."""
    kind = "lookalike" if lookalike else "honest"
    return Question(
        kind=kind, name=lookalike, group=lookalike, typology=None, parties=(f"honest {lookalike} {number}",)
    )


CASES = [planted(f"{typology}-{number}", typology) for typology in ("T01", "T02", "T16") for number in range(6)]
CLOSE = [honest(number, name) for name in ("salary", "tuition") for number in range(5)]
PLAIN = [honest(number) for number in range(30)]


def test_draw_is_balanced_spread_and_repeatable():
    """Of twelve six are planted, two of each typology, three are look-alikes, three plain; equal seeds agree."""
    drawn = training.draw(CASES, CLOSE, PLAIN, 12, 3)
    assert Counter(one.kind for one in drawn) == {"case": 6, "lookalike": 3, "honest": 3}
    assert Counter(one.group for one in drawn if one.kind == "case") == {"T01": 2, "T02": 2, "T16": 2}
    assert {one.group for one in drawn if one.kind == "lookalike"} == {"salary", "tuition"}
    assert len({one.parties for one in drawn}) == 12
    assert training.draw(CASES[::-1], CLOSE[::-1], PLAIN[::-1], 12, 3) == drawn
    assert training.draw(CASES, CLOSE, PLAIN, 12, 4) != drawn


def test_what_one_kind_lacks_the_others_make_up():
    """With a single planted case and no look-alike the rest is honest; with too few of all, all are asked."""
    drawn = training.draw(CASES[:1], [], PLAIN, 8, 1)
    assert Counter(one.kind for one in drawn) == {"case": 1, "honest": 7}
    assert len(training.draw(CASES[:2], CLOSE[:1], PLAIN[:1], 8, 1)) == 4


def test_score_of_known_calls():
    """Two hits of three, one of them named, one of two honest parties accused: figures worked out by hand."""
    asked = [CASES[0], CASES[6], CASES[12], CLOSE[0], PLAIN[0]]
    answers = [
        Answer(case=1, illicit=True, typology="T01", sure=100),
        Answer(case=2, illicit=True, typology="T16", sure=80),
        Answer(case=3, illicit=False, sure=70),
        Answer(case=4, illicit=True, sure=60),
        Answer(case=5, illicit=False, sure=90),
    ]
    told = training.score(asked, answers)
    assert (told.hits, told.misses, told.named, told.false_alarms, told.cleared) == (2, 1, 1, 1, 1)
    assert (told.lookalikes, told.lookalike_alarms) == (1, 1)
    assert told.brier == pytest.approx((0 + 0.2**2 + 0.7**2 + 0.6**2 + 0.1**2) / 5)
    assert [(one.typology, one.asked, one.hits, one.named) for one in told.typologies] == [
        ("T01", 1, 1, 1),
        ("T02", 1, 1, 0),
        ("T16", 1, 0, 0),
    ]


def test_knowing_nothing_scores_a_quarter():
    """Always 50 sure gives a Brier score of 0.25 whatever the calls are."""
    answers = [Answer(case=number, illicit=bool(number % 2)) for number in range(1, 6)]
    assert training.score([*CASES[:3], *PLAIN[:2]], answers).brier == pytest.approx(0.25)


def test_all_faults_of_answers_are_told_at_once():
    """Twice answered, unknown, missing, out of range, unknown typology, typology of an honest call: each is named."""
    answers = [
        Answer(case=1, illicit=True, typology="T99"),
        Answer(case=1, illicit=True),
        Answer(case=9, illicit=True),
        Answer(case=2, illicit=False, typology="T01", sure=120),
    ]
    told = "\n".join(training.faults(CASES[:3], answers, ["T01", "T02"]))
    for part in (
        "case 1: answered 2 times",
        "case 9: there is none",
        "case 3: no answer",
        "'T99'",
        "got: 120",
        "case 2: a typology belongs",
    ):
        assert part in told
    assert training.faults(CASES[:1], [Answer(case=1, illicit=True, typology="T02", sure=0)], ["T01", "T02"]) == []
    assert training.faults(CASES[:2], [Answer(case=2, illicit=True)], ["T01"]) == ["case 1: no answer"]


@pytest.mark.parametrize(("sure", "right"), [(-0.5, False), (0, True), (100, True), (100.5, False)])
def test_nobody_is_more_than_sure(sure, right):
    """From not sure at all to certain, both included: beyond it the Brier score would mean nothing."""
    assert (training.faults(CASES[:1], [Answer(case=1, illicit=True, sure=sure)], ["T01"]) == []) is right


def test_only_right_names_are_named():
    """Of three hits two bear their typology; of no question at all there is nothing to score."""
    answers = [Answer(case=number, illicit=True, typology="T01") for number in (1, 2, 3)]
    told = training.score([CASES[0], CASES[1], CASES[6]], answers)
    assert (told.hits, told.named) == (3, 2)
    assert training.score([], []).brier == 0.0


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a stream and its replay."""
    home = tmp_path_factory.mktemp("exercise")
    simulate(home / "stream", 4000, 120)
    replayed(home / "stream", home / "result")
    return home


def prepared(place: Path, count: int = 8, seed: int = 3) -> exercise.Exercise:
    """Questions and pages of a draw."""
    result, truth = read_result(place / "result"), read_truth(place / "stream")
    return exercise.prepare(result, exercise.draw_questions(result, truth, keys_of_testbed(), count, seed), seed)


def test_pages_are_blind(place):
    """No token, raw identifier, case id, alert id, look-alike's name or detector's name is on any page."""
    result, truth = read_result(place / "result"), read_truth(place / "stream")
    drawn = prepared(place, 40)
    text = "\n".join(blind_page.markdown(page) for page in drawn.pages)
    secret = {case.case_id for case in truth.cases} | {case.party_id for case in truth.cases}
    secret |= {one.lookalike for one in truth.lookalikes} | set(result.sheet.party.names) | set(result.sheet.members)
    secret |= {name for name in result.sheet.alert_id.names} | {"score", "rank", "alert", "planted"}  # noqa: C416
    assert len(secret) > 100
    assert [one for one in secret if one in text] == []


def test_a_case_is_shown_whole(place):
    """Of every planted case that fits on a page all payments are on it, whatever else the party did."""
    drawn = prepared(place, 40)
    sheet = read_result(place / "result").sheet
    usd = {name: cents for name, cents in zip(sheet.event_id.tolist(), sheet.usd_cents.tolist(), strict=True)}  # noqa: C416
    cases = [(question, page) for question, page in zip(*drawn, strict=True) if question.kind == "case"]
    assert cases
    for question, page in cases:
        shown = Counter(row[3] for row in page.tables[0].rows)
        wanted = Counter(blind_page.dollars(usd[one]) for one in question.event_ids if one in usd)
        assert wanted
        assert wanted <= shown


def answers_file(place: Path, drawn: exercise.Exercise, *, right: bool) -> Path:
    """Calls that are all right, or all the other way round."""
    lines = [
        {"case": number, "illicit": (one.kind == "case") == right, "sure": 95}
        | ({"typology": one.typology} if right and one.typology else {})
        for number, one in enumerate(drawn.questions, 1)
    ]
    path = place / f"answers-{right}.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


@pytest.mark.parametrize("right", [True, False])
def test_command_scores_answers_and_reveals_afterwards(place, tmp_path, right):
    """Perfect calls hit all and accuse nobody, wrong ones the reverse; the reveal tells truth and reasons of each."""
    path = answers_file(place, prepared(place), right=right)
    arguments = [
        str(place / "result"),
        "--truth",
        str(place / "stream"),
        "--cases",
        "8",
        "--seed",
        "3",
        "--answers",
        str(path),
        "--out",
        str(tmp_path),
        "--json",
    ]
    done = CliRunner().invoke(command, arguments)
    assert done.exit_code == 0, done.output
    outcome = json.loads(done.stdout)
    score, cases = outcome["score"], outcome["cases"]
    assert score["asked"] == len(cases) == 8
    expected = (score["misses"], score["false_alarms"]) if right else (score["hits"], score["cleared"])
    assert expected == (0, 0)
    assert score["brier"] == pytest.approx(0.05**2 if right else 0.95**2)
    for one in cases:
        assert one["right"] is right
        assert ("illicit" in one["truth"]) == (one["kind"] == "case")
        assert ("fxwatch did not alert" in one["system"]) != one["alerted"]
    assert any(one["alerted"] and "T0" in one["system"] for one in cases)
    questions, reveal = (tmp_path / "questions.md").read_text(), (tmp_path / "reveal.md").read_text()
    assert "did not alert" not in questions
    assert all(one["truth"] in reveal for one in cases)


def test_nobody_to_ask_is_said(place):
    """Without a terminal and without answers the command refuses, and says how to go on."""
    done = CliRunner().invoke(command, [str(place / "result"), "--truth", str(place / "stream")])
    assert isinstance(done.exception, UsageError)
    assert "--answers" in str(done.exception)


def test_answers_that_are_none_are_named_by_line(tmp_path):
    """Every line of the file that is no answer is told, with its number."""
    path = tmp_path / "answers.jsonl"
    path.write_text('{"case": 1, "illicit": true}\nnonsense\n\n{"case": "x", "illicit": true}\n')
    with pytest.raises(UsageError, match=r"(?s)line 2.*line 4"):
        exercise.read_answers(path)


def test_truth_of_another_stream_is_refused(place, tmp_path):
    """A truth whose parties are not in the result is no truth of it."""
    other = {
        "kind": "case",
        "case_id": "T01-1",
        "typology": "T01",
        "variant": "template",
        "party_id": "nobody",
        "event_ids": ["x"],
        "first_event_time": "2026-04-20T00:00:00+09:00",
        "last_event_time": "2026-04-20T00:00:00+09:00",
    }
    (tmp_path / "truth.jsonl").write_text(json.dumps(other))
    result, truth = read_result(place / "result"), read_truth(tmp_path)
    with pytest.raises(UsageError, match="not of this result"):
        exercise.draw_questions(result, truth, keys_of_testbed(), 5, 1)
