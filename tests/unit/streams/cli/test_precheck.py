"""`fxwatch precheck`, run as a user runs it."""

import json

import pytest
from click.testing import CliRunner

from streams.cli.precheck import command

PLAIN = {"direction": "out", "party_type": "person", "residency": "resident", "amount": "7000", "currency": "USD"}


@pytest.fixture(autouse=True)
def shipped(monkeypatch):
    """The shipped configuration, whatever the environment says."""
    monkeypatch.delenv("FXWATCH_CONFIG", raising=False)


def run(lines: list[dict | str], *options: str):
    text = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    return CliRunner().invoke(command, ["-", "--on", "2026-03-02", *options], input=text)


def test_an_answer_in_words_names_the_duty_the_office_the_article_and_what_is_missing():
    done = run([PLAIN | {"other_party_pays": True, "offset": False}])
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert lines[0] == "1: 7,000 USD, 2026-03-02"
    assert lines[1].startswith("  documents: ASKED FOR (the bank). The cap is for payments that need no report")
    (third,) = (line for line in lines if "third-party" in line)
    assert third.startswith(
        "  report of a third-party payment: ASKED FOR (the bank). A payment to a third party above 5,000"
    )
    assert third.endswith("[FX Transactions Regulation 5-10]")
    assert "    to be said: purpose" in lines


def test_the_same_in_korean():
    done = run([PLAIN | {"other_party_pays": True, "offset": False}], "--lang", "ko")
    assert (
        "  제3자 지급 신고: 필요 (외국환은행). 분할 지급을 합산하여 미화 5,000달러를 넘는 제3자 지급은 지급 전에"
        in done.stdout
    )


def test_one_object_a_line_for_machines():
    done = run([PLAIN, PLAIN | {"amount": "10"}], "--json")
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert [each["planned"]["amount"] for each in told] == ["7000", "10"]
    assert told[1]["duties"][0]["outcome"] == "not_asked"


def test_a_line_that_cannot_be_read_is_told_and_the_others_are_answered():
    done = run([PLAIN, "{", PLAIN], "--json")
    assert len(done.stdout.splitlines()) == 2
    assert "line 2: this is no planned payment" in done.stderr
    assert done.exit_code == 1


def test_a_file_that_is_not_there_says_so(tmp_path):
    done = CliRunner().invoke(command, [str(tmp_path / "nowhere")])
    assert "the planned payments cannot be read" in str(done.exception)
    assert "nothing to check" in str(CliRunner().invoke(command, []).exception)


def test_a_day_that_is_none_is_told_once_and_nothing_is_answered():
    done = CliRunner().invoke(command, ["-", "--on", "2026-02-30"], input=json.dumps(PLAIN))
    assert str(done.exception).startswith("--on is no date; got: 2026-02-30")
    assert done.stdout == ""
