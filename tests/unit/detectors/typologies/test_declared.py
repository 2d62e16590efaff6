"""What a typology declares is checked, and a trial's payments are made from it."""

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from detectors.books.wanted import LookBack, OneByOne, Wanted, Which
from detectors.contracts.limits import LimitKind
from detectors.typologies import registered
from detectors.typologies.base import law_test
from detectors.typologies.declared import ARTICLES, DueDate, Said, Sanction, TrialDay, Word, Words, faults

TERM = LimitKind("days", "1", "365", ko="기한")
SUM = LimitKind("USD", "0", "10", ko="합계")
IN = Which("in")
ASK = Said("Ask for the bill", "청구서를 요청하십시오")


def one(**changes: Any) -> Any:
    """A typology of which nothing is wrong, but for these changes."""
    return SimpleNamespace(
        **{
            "id": "T19",
            "name_en": "Gold",
            "name_ko": "금",
            "limits": {"term": TERM, "sum_max": SUM},
            "wants": Wanted((LookBack(IN, 30),), (OneByOne(IN, 30),)),
            "due_dates": (DueDate("declared", "payment", "term", 10),),
            "words": Words({"total": Word("합계")}),
            "next_steps": (ASK,),
            "sanctions": (Sanction("act_15", "one payment", "하나의 지급이었다면"),),
        }
        | changes
    )


def test_the_registered_typologies_declare_nothing_wrong():
    """And nothing is wrong with the one below, at the ends of each range."""
    assert faults(registered()) == []
    widest = one(wants=Wanted((LookBack(Which(), 3660), LookBack(IN, 0, calendar_year=True)), (OneByOne(IN, 3660),)))
    due = (DueDate("a" * 40, "payment", "term", 1), DueDate("b", "declaration", "term", 10_000))
    zero = LimitKind("USD", "0", "0", ko="합계")
    shortest = one(
        id="T20", due_dates=due, wants=Wanted((LookBack(IN, 1),), (OneByOne(IN, 1),)), limits={"term": TERM, "b": zero}
    )
    assert faults([widest, shortest]) == []


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"id": "T1"}, "T1: id: got: 'T1'; expected: T and two digits"),
        ({"id": "T190"}, "T190: id: got: 'T190'; expected: T and two digits"),
        ({"name_en": ""}, "T19: names: got: '', '금'; expected: one in English, one in Korean"),
        ({"name_ko": "Gold"}, "T19: names: got: 'Gold', 'Gold'; expected: one in English, one in Korean"),
        (
            {"limits": {"term": TERM, "Sum": SUM}},
            "T19: limit 'Sum': expected: a name of a-z, 0-9 and _",
        ),
        (
            {"limits": {"term": TERM, "sum": SUM._replace(unit="EUR")}},
            "T19: limit sum: unit: got: 'EUR'; expected: one of USD, KRW, count, ratio, days, bp, flag",
        ),
        (
            {"limits": {"term": TERM, "sum": SUM._replace(least="11")}},
            "T19: limit sum: range: got: 11 to 10; expected: from 0 on, the least first",
        ),
        (
            {"limits": {"term": TERM, "sum": SUM._replace(least="-1")}},
            "T19: limit sum: range: got: -1 to 10; expected: from 0 on, the least first",
        ),
        (
            {"limits": {"term": TERM, "sum": SUM._replace(ko="")}},
            "T19: Korean word of sum: got: ''; expected: a word in Korean",
        ),
        (
            {"next_steps": ()},
            "T19: next_steps: got: none; expected: what an investigator does next, in English and Korean",
        ),
        (
            {"next_steps": (ASK._replace(text_en="Ask."),)},
            "T19: English text: got: 'Ask.'; expected: English without a full stop",
        ),
        (
            {"next_steps": (ASK._replace(text_en="청구서"),)},
            "T19: English text: got: '청구서'; expected: English without a full stop",
        ),
        (
            {"next_steps": (ASK._replace(text_en=""),)},
            "T19: English text: got: ''; expected: English without a full stop",
        ),
        (
            {"next_steps": (ASK._replace(text_ko="Ask"),)},
            "T19: Korean text: got: 'Ask'; expected: Korean without a full stop",
        ),
        (
            {"sanctions": (Sanction("act_15", "so", "그렇다면."),)},
            "T19: Korean text: got: '그렇다면.'; expected: Korean without a full stop",
        ),
        (
            {"sanctions": (Sanction("act_99", "so", "그렇다면"),)},  # type: ignore[arg-type]
            f"T19: sanction: got: 'act_99'; expected: one of {', '.join(ARTICLES)}",
        ),
        (
            {"words": Words({"total": Word("total")})},
            "T19: Korean word of total: got: 'total'; expected: a word in Korean",
        ),
        *(
            (
                {"words": Words({}, windows=((pattern, form),))},
                f"T19: window: got: {pattern!r}, {form!r}; expected: a regular expression with one group, and one {{}}",
            )
            for pattern, form in (("year", "{}년"), ("(a)(b)", "{}년"), ("(a", "{}년"), ("year (a)", "년"))
        ),
        (
            {"due_dates": (DueDate("Due", "payment", "term", 1),)},
            "T19: due date 'Due': expected: a name of its own, of a-z, 0-9 and _",
        ),
        (
            {"due_dates": (DueDate("due", "payment", "sum_max", 1),)},
            "T19: due date due: after: got: 'sum_max'; expected: one of its limits in days: ['term']",
        ),
        (
            {"due_dates": (DueDate("due", "payment", "terms", 1),)},
            "T19: due date due: after: got: 'terms'; expected: one of its limits in days: ['term']",
        ),
        (
            {"due_dates": (DueDate("due", "rate", "term", 1),)},
            "T19: due date due: of: got: 'rate'; expected: payment or declaration",
        ),
        *(
            (
                {"due_dates": (DueDate("due", "payment", "term", most),)},
                f"T19: due date due: most_open: got: {most}; expected: 1 to 10000",
            )
            for most in (0, 10_001)
        ),
        *(
            (
                {"wants": Wanted((LookBack(IN, days),))},
                f"T19: look_back: got: {days} days; expected: 1 to 3660, or a calendar year",
            )
            for days in (0, 3661)
        ),
        (
            {"wants": Wanted((LookBack(IN, -1, calendar_year=True),))},
            "T19: look_back: got: -1 days; expected: 1 to 3660, or a calendar year",
        ),
        *(
            (
                {"wants": Wanted(look_back, (OneByOne(IN, days),))},
                f"T19: one_by_one: got: {IN} for {days} days; expected: no more than its look_back",
            )
            for look_back, days in (
                ((LookBack(IN, 30),), 31),
                ((LookBack(IN, 30),), 0),
                ((LookBack(Which("out"), 30),), 30),
                ((), 30),
            )
        ),
    ],
)
def test_what_is_wrong_is_told_alone_with_what_is_expected(changes, fault):
    """One fault each."""
    assert faults([one(**changes)]) == [fault]


def test_two_due_dates_of_one_name_are_both_told():
    """As the state could not tell them apart."""
    due = DueDate("due", "payment", "term", 1)
    told = "T19: due date 'due': expected: a name of its own, of a-z, 0-9 and _"
    assert faults([one(due_dates=(due, due._replace(most_open=2)))]) == [told, told]


def test_typologies_are_told_apart_by_id_words_and_tally():
    """An id twice; a name that two call by two words; a tally that two count in."""
    assert faults([one(), one()]) == ["T19: registered 2 times; expected: once"]
    other = one(id="T20", words=Words({"total": Word("총액")}))
    told = "T20: total is called Word(ko='총액', counter='건'); expected: Word(ko='합계', counter='건'), as another"
    assert faults([one(), other]) == [f"{told} typology has it"]
    counted = one(id="T20", limits={"term": TERM, "sum_max": SUM._replace(counter="명")})
    assert "T20: sum_max is called Word(ko='합계', counter='명')" in faults([one(), counted])[0]
    tallied = [Wanted((LookBack(IN, 30),), (OneByOne(IN, days, tally="gold"),)) for days in (29, 30)]
    (told,) = faults([one(wants=tallied[0]), one(id="T20", wants=tallied[1])])
    assert "tallies ['gold', 'gold']" in told


def test_a_trials_payment_is_a_persons_without_documents_unless_said_otherwise():
    """So many minutes after noon, of a party made up for the day."""
    noon = datetime(2024, 5, 2, 3, tzinfo=UTC)
    day = TrialDay(date(2024, 5, 1), noon, {"sum_max": 7.0}.__getitem__)
    payment = day.paid(3, "trader", day.limit("sum_max"), direction="in", party_type="company")
    assert (payment.event_time - noon, payment.party) == (timedelta(minutes=3), "t.000.trader2024-05-01")
    assert (payment.amount, payment.direction, payment.party_type) == ("7.000000", "in", "company")
    assert (payment.currency, payment.channel, payment.evidence, payment.status) == ("USD", "app", "none", "settled")
    assert (payment.counterparty_country, payment.purpose, payment.institution) == ("VN", "1", "TRIAL")


def test_a_test_of_the_law_is_met_not_met_or_cannot_be_told():
    """Where a field is missing it cannot be told, and never is it told against it."""
    outcomes = [law_test("one", "One", "하나", holds=holds).outcome for holds in (True, False, None)]
    assert outcomes == ["met", "not_met", "cannot_tell"]
    missing = law_test("one", "One", "하나", holds=None, missing="transactions.purpose")
    assert (missing.outcome, missing.missing) == ("cannot_tell", "transactions.purpose")
    for holds in (True, False):
        with pytest.raises(ValueError, match=f"test one: got: told {holds}, and transactions.purpose missing"):
            law_test("one", "One", "하나", holds=holds, missing="transactions.purpose")
