"""The list of alerts: superseded ones are folded, conditions and orders hold, verdicts stand as the monitor judges."""

import io
import json
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest
from click.testing import CliRunner
from rich.cells import cell_len
from rich.console import Console

from streams.alert_text.alert_text import TerminalPage
from streams.cli import command
from streams.cli.alerts_list import typology_id
from streams.desk.alert_heads import Current, First, Folding, Wanted, order, read_head
from streams.desk.alert_lookup import follow_series, require_prefix
from streams.desk.listing import AlertRow, row_of
from streams.desk.moments import moment
from streams.desk.verdicts import LedgerVerdict, Verdicts
from streams.desk_text import list_text
from streams.errors import UsageError
from streams.settings import load_settings
from tests.support.korean import foreign_words
from tests.support.repository import ROOT

NAME = "Split remittance under the document line / 증빙면제 한도 이하 분할송금"
ALERT = json.loads((ROOT / "tests" / "golden" / "alert.json").read_bytes()) | {
    "created_for": "2025-04-13T03:00:00Z",
    "amount_usd": "14725.50",
    "severity": "medium",
    "supersedes": None,
    "status": "raised",
    "typologies": [{"id": "T01", "name": NAME}],
}
PARTY = ALERT["party"]
SEOUL = ZoneInfo("Asia/Seoul")
NOON = datetime(2026, 4, 28, 3, tzinfo=UTC)


def head(number, **changed):
    return read_head(json.dumps(ALERT | {"alert_id": f"{number:032x}"} | changed).encode())


def given(verdict, *, alert=1, officer="I-17", minutes=0):
    return LedgerVerdict(
        event_id=f"{verdict} {minutes}",
        alert_id=f"{alert:032x}",
        party=PARTY,
        verdict=verdict,
        investigator=officer,
        decided_at=NOON + timedelta(minutes=minutes),
        partition=3,
        offset=minutes,
        source=None,
    )


def verdicts(*many, officers=()):
    made = Verdicts(officers)
    for one in many:
        made.add(one)
    return made


def folded(*heads):
    folding = Folding()
    for one in heads:
        folding.add(one)
    return list(folding)


def test_an_alert_takes_the_place_of_those_it_brought_up_to_date():
    """The newest of a series stands for it, and knows the others and where the first stood."""
    position = ALERT["position"]
    heads = [
        head(1, position=position | {"offset": 10}),
        head(2),
        *(
            head(number, status="updated", supersedes=f"{number - 2:032x}", position=position | {"offset": 10 * number})
            for number in (3, 5)
        ),
    ]
    current = {each.head.alert_id[-1]: each for each in folded(*heads)}
    assert current.keys() == {"2", "5"}
    assert [each[-1] for each in current["5"].earlier] == ["3", "1"]
    assert current["5"].first_offset == 10


def test_an_alert_whose_predecessor_is_past_its_retention_stands_alone():
    """It names what is gone."""
    (current,) = folded(head(3, status="updated", supersedes=f"{1:032x}"))
    assert current.earlier == (f"{1:032x}",)


def test_a_series_without_end_keeps_a_bounded_number_of_ids():
    """The newest of them."""
    (current,) = folded(head(0), *(head(n, status="updated", supersedes=f"{n - 1:032x}") for n in range(1, 200)))
    assert current.head.alert_id == f"{199:032x}"
    assert [int(each, 16) for each in current.earlier] == list(range(198, 198 - 64, -1))


@pytest.mark.parametrize(
    ("wanted", "takes"),
    [
        (Wanted(), True),
        (Wanted(since=NOON), True),
        (Wanted(since=NOON + timedelta(seconds=1)), False),
        (Wanted(until=NOON), False),
        (Wanted(until=NOON + timedelta(seconds=1)), True),
        (Wanted(parties=frozenset({ALERT["party"]})), True),
        (Wanted(parties=frozenset({"k1.0a3.other"})), False),
        (Wanted(typology="T01"), True),
        (Wanted(typology="anomaly"), False),
        (Wanted(cases=frozenset({ALERT["case_id"], "case-other"})), True),
        (Wanted(cases=frozenset({"case-other"})), False),
        (Wanted(least="medium"), True),
        (Wanted(least="high"), False),
    ],
)
def test_conditions(wanted, takes):
    """Each by itself; the end of a time does not belong to it."""
    assert wanted.takes(head(1, created_for=NOON.isoformat())) is takes


def test_an_alert_without_a_typology_is_an_anomaly():
    """By that name it is asked for."""
    assert Wanted(typology="anomaly").takes(head(1, typologies=[]))


def test_orders():
    """Each by its own measure first; an amount that is not known comes last."""
    heads = [
        head(1, severity="low", created_for="2026-04-03T00:00:00Z", amount_usd="5.00"),
        head(2, severity="critical", created_for="2026-04-01T00:00:00Z", amount_usd=None),
        head(3, severity="high", created_for="2026-04-02T00:00:00Z", amount_usd="70.00"),
    ]
    expected = {"severity": "231", "time": "132", "amount": "312"}
    for sorting, ids in expected.items():
        first = First(3, order(sorting))
        first.add_all(heads)
        assert "".join(each.alert_id[-1] for each in first.in_order()) == ids


def test_the_order_by_expected_value():
    """The models' on 90 millions, of which one counts: 13 % of it is 130 000. Then a finding of 40 % on 60 000 USD.

    What verdicts taught goes before the strength; an amount that is not known is worth nothing.
    """

    def found(number: int, strength: float | None, amount: str | None, **more):
        typologies = [] if strength is None else [{"id": "T01", "name": "n", "strength": strength}]
        return head(number, typologies=typologies, amount_usd=amount, **more)

    heads = [
        found(1, 0.4, "60000.00"),
        found(2, 0.9, "10000.00"),
        found(3, None, "90000000.00"),
        found(4, 0.9, None),
        found(5, 0.9, "60000.00", probability=0.1),
    ]
    assert [each.expected for each in heads] == [24_000, 9_000, 130_000, 0, 6_000]
    first = First(5, order("value"))
    first.add_all(heads)
    assert "".join(each.alert_id[-1] for each in first.in_order()) == "31254"


def test_the_first_of_many_are_kept_and_all_are_counted():
    """In memory that goes by how many are kept."""
    first = First(3, lambda number: (number,))
    first.add_all((number * 7919) % 10_007 for number in range(10_007))
    assert (first.in_order(), first.total, len(first._heap)) == ([10_006, 10_005, 10_004], 10_007, 3)


def test_equal_ones_keep_their_order():
    """The earlier one first, so that two runs show the same."""
    first = First(2, lambda _: (0,))
    first.add_all("abc")
    assert first.in_order() == ["a", "b"]


@pytest.mark.parametrize(
    ("many", "standing"),
    [
        ([], []),
        ([given("refuted")], ["refuted"]),
        ([given("refuted"), given("confirmed", minutes=1)], ["confirmed"]),
        ([given("refuted", minutes=1), given("confirmed")], ["refuted"]),
        ([given("refuted"), given("withdrawn", minutes=1)], []),
        ([given("refuted"), given("withdrawn", minutes=1), given("refuted", minutes=2)], ["refuted"]),
        ([given("refuted"), given("confirmed", officer="I-2", minutes=1)], ["refuted", "confirmed"]),
        ([given("refuted"), given("confirmed", officer=" i-17 ", minutes=1)], ["confirmed"]),
    ],
    ids=["none", "one", "changed", "outdated", "withdrawn", "given again", "two officers", "one officer's spellings"],
)
def test_which_verdicts_stand(many, standing):
    """An officer's newest that was not withdrawn, by the monitor's own rule."""
    assert [each.verdict for each in verdicts(*many).list_standing(f"{1:032x}", PARTY)] == standing


def test_only_listed_officers_count():
    """Where the configuration has a list."""
    made = verdicts(given("refuted"), given("confirmed", officer="nobody"), officers=["I-17"])
    assert [each.verdict for each in made.list_standing(f"{1:032x}", PARTY)] == ["refuted"]
    assert len(made.on(f"{1:032x}", PARTY)) == 2


def row(current, made):
    return row_of(current, made)


def test_an_update_after_the_verdict_opens_the_alert_again():
    """There is news; what was said of the earlier one is shown."""
    (current,) = folded(head(1), head(2, status="updated", supersedes=f"{1:032x}"))
    made = row(current, verdicts(given("refuted")))
    assert made.state == "open"
    assert list_text.verdict(made, "en") == "open (refuted, before it was updated)"
    assert list_text.verdict(made, "ko") == "미처리 (갱신 전 판정: 의심 해소)"


@pytest.mark.parametrize(
    ("status", "standing", "state"),
    [
        ("raised", (given("refuted"),), "disposed"),
        ("raised", (), "open"),
        ("raised", None, "unknown"),
        ("retracted", (), "retracted"),
        ("retracted", (given("refuted"),), "disposed"),
    ],
)
def test_states(status, standing, state):
    """Without the right to read the ledger nobody claims that an alert is open."""
    assert AlertRow(Current(head(1, status=status), 0), standing).state == state


def test_cells_say_all_in_both_languages():
    """A table for the eye, a row for a spreadsheet; Korean without an English word."""
    one = AlertRow(Current(head(1), 0), (given("confirmed"),))
    english, korean = list_text.cells(one, SEOUL, "en"), list_text.cells(one, SEOUL, "ko")
    assert english[:6] == [
        "2025-04-13 12:00:00 KST",
        "MEDIUM",
        "T01 Split remittance under the document line",
        "14,725.50 USD",
        "confirmed",
        "000000000000",
    ]
    assert korean[1:5] == ["보통", "T01 증빙면제 한도 이하 분할송금", "미화 14,725.50달러", "의심 확인"]
    row_ = dict(zip(list_text.CSV_COLUMNS, list_text.csv_cells(one, SEOUL, "ko"), strict=True))
    assert (row_["alert_id"], row_["amount_usd"], row_["officer"]) == (f"{1:032x}", "14725.50", "I-17")
    assert row_["created_for"] == "2025-04-13T12:00:00+09:00"
    assert korean[0] == "2025-04-13 12:00:00"
    assert list_text.columns(SEOUL, "ko")[0] == "일시(한국 시각)"
    assert list_text.columns(ZoneInfo("Europe/Berlin"), "ko")[0] == "일시(Europe/Berlin)"
    assert list_text.columns(SEOUL, "en")[0] == "when"
    assert foreign_words(" ".join([*korean[:5], *list_text.columns(SEOUL, "ko"), *list_text.CSV_KOREAN])) == []
    assert len(list_text.CSV_KOREAN) == len(set(list_text.CSV_KOREAN)) == len(list_text.CSV_COLUMNS)
    assert [each for each in list_text.csv_cells(one, SEOUL, "en") if "\t" in each] == []


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_a_narrow_terminal_gets_blocks_of_80_columns(lang):
    """Tokens and ids in one piece, so that they can be copied."""
    party, case = "k2026a.0a3." + "5d" * 16, "case-" + "4" * 24
    one = AlertRow(Current(head(1, party=party, case_id=case, amount_usd="123456789.01"), 0), (given("confirmed"),))
    out = io.StringIO()
    Console(file=out, width=80).print(TerminalPage(list_text.block(one, SEOUL, lang), "bold"))
    lines = out.getvalue().splitlines()
    assert max(map(cell_len, lines)) <= 80
    assert f"  {party}  {case}" in [line.rstrip() for line in lines]
    assert any("000000000000" in line and "123,456,789.01" in line for line in lines)


def test_a_row_for_machines_has_every_verdict():
    """And says `null`, not `[]`, where verdicts are not known."""
    told = list_text.row_json(AlertRow(Current(head(1), 0), (given("confirmed"),)))
    assert (told["state"], told["found"], [each["verdict"] for each in told["verdicts"]]) == (
        "disposed",
        ["T01"],
        ["confirmed"],
    )
    assert list_text.row_json(AlertRow(Current(head(1), 0)))["verdicts"] is None


def test_a_series_is_what_leads_back_to_an_alert_and_from_it():
    """Two series of a party are not mixed; a circle that somebody forged ends."""
    heads = {
        each.alert_id: each
        for each in (
            head(1),
            head(2),
            head(3, supersedes=f"{1:032x}"),
            head(4, supersedes=f"{2:032x}"),
            head(5, supersedes=f"{3:032x}"),
        )
    }
    assert [each.alert_id[-1] for each in follow_series(heads, f"{3:032x}")] == ["1", "3", "5"]
    circle = {each.alert_id: each for each in (head(1, supersedes=f"{2:032x}"), head(2, supersedes=f"{1:032x}"))}
    assert [each.alert_id[-1] for each in follow_series(circle, f"{1:032x}")] == ["1", "2"]


@pytest.mark.parametrize("text", ["abc", "xyz1", "", "a" * 33, "0x12", "12 34"])
def test_what_is_no_id_is_refused(text):
    """With what is expected."""
    with pytest.raises(UsageError, match="4 to 32 hex digits"):
        require_prefix(text)


def test_an_id_is_taken_as_it_is_copied():
    """With blanks around it, and in capitals."""
    assert require_prefix(" 35FF14 ") == "35ff14"


def test_times():
    """A day is the law's day, its end the next midnight; what has an offset keeps it."""
    assert moment("2026-04-28", SEOUL) == datetime(2026, 4, 27, 15, tzinfo=UTC)
    assert moment("2026-04-28", SEOUL, end=True) == datetime(2026, 4, 28, 15, tzinfo=UTC)
    assert moment("2026-04-28T12:00", SEOUL, end=True) == datetime(2026, 4, 28, 3, tzinfo=UTC)
    assert moment("2026-04-28T12:00Z", SEOUL) == datetime(2026, 4, 28, 12, tzinfo=UTC)
    assert moment(None, SEOUL) is None
    for wrong in ("yesterday", "9999-12-31", "2026-13-01", ""):
        with pytest.raises(UsageError, match="this is not a time"):
            moment(wrong, SEOUL, end=True)


def test_what_is_no_alert_is_told_apart():
    """Not guessed at."""
    with pytest.raises(msgspec.DecodeError):
        read_head(b"{}")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["alerts", "list", "--csv", "--json"], "output has one form"),
        (["party", "k1.0a3." + "5d" * 16, "--bom"], "--bom belongs to --csv"),
        (["alerts", "list", "--since", "yesterday"], "this is not a time"),
        (["alerts", "list", "--desk", "nobody"], "there is no such desk"),
        (["alerts", "list", "--typology", "T99"], "there is no such typology"),
        (["party", "Kim"], "this is not a party's token"),
        (["ledger", "show", "8-1007"], "this is not a position of the ledger"),
        (["alerts", "show", "xyz"], "this is not the id of an alert"),
        (["dispose", "abcd", "--verdict", "refuted", "--reason", "x"], "nobody answers for this verdict"),
        (["dispose", "xyz", "--verdict", "refuted", "--reason", "x", "--officer", "I-1"], "not the id of an alert"),
        (["dispose", "-", "--verdict", "refuted", "--reason", "x", "--officer", "I-1"], "not as many alerts"),
    ],
    ids=lambda each: each if isinstance(each, str) else None,
)
def test_wrong_use_is_told_without_a_broker(arguments, told):
    """Before anything is read."""
    found = CliRunner().invoke(command, arguments, input="")
    assert isinstance(found.exception, UsageError)
    assert told in found.exception.message


@pytest.mark.parametrize(("given", "meant"), [("T02", "T02"), ("t16", "T16"), ("anomaly", "anomaly"), (None, None)])
def test_a_typology_may_be_written_small(given, meant):
    assert typology_id(given) == meant


@pytest.mark.parametrize("environment", [{}, {"FXWATCH_LANG": "ko", "FXWATCH_OFFICER": "I-17"}], ids=["none", "both"])
def test_language_and_officer_may_be_settings(environment, monkeypatch):
    """A misspelt one is refused, so these must be known; and the option's default is the setting's."""
    for name, content in environment.items():
        monkeypatch.setenv(name, content)
    assert load_settings().lang == environment.get("FXWATCH_LANG", "en")
    assert load_settings().officer == environment.get("FXWATCH_OFFICER")
