"""Which firms are in the supervisor's lists of a month: by what they sent, their capital, and their branches."""

from datetime import UTC, date, datetime

import pytest

from detectors.core import apply
from detectors.memory.state import PartitionState
from detectors.typologies.t05_screens import NEW_FIRM, ONE_BRANCH
from tests.support.firms import OLD, PARTY
from tests.support.ledger import configuration
from tests.support.screened import ScreenedLedger

# set up since 2021; 500 million won are 357 143 dollars
NEW = {"registered_on": date(2023, 5, 2), "capital_krw": "500000000"}


def day(month: int, number: int, hour: int = 3) -> datetime:
    """A time of 2025, noon in Seoul."""
    return datetime(2025, month, number, hour, tzinfo=UTC)


def firm(usd: float = 51_000_000.0, count: int = 3, facts=NEW, config=None, **fields) -> ScreenedLedger:
    """A firm that sent so much in so many payments of March."""
    ledger = ScreenedLedger(config, **facts)
    for number in range(count):
        ledger.send(f"p{number}", day(3, 5 + number), usd / count, **fields)
    return ledger


def april(ledger: ScreenedLedger) -> dict[tuple[str, str], object]:
    """The lists of March, when they are due."""
    ledger.passed(day(4, 12))
    return ledger.listed()


def outcomes(entry) -> dict[str, str]:
    """Of its tests."""
    return {one.id: one.outcome for one in entry.tests}


def measured(entry) -> dict[str, object]:
    """Its values by name."""
    return {one.name: one.value for one in entry.measured}


def test_a_new_firm_that_sent_a_hundred_times_its_capital_is_in_the_months_list():
    """Once, when the tenth day of the next month has passed; with figures, tests and positions."""
    ledger = firm()
    paid = [origin.offset for event, origin in ledger.log if hasattr(event, "counterparty")]
    ledger.passed(day(4, 10))
    assert ledger.listed() == {}
    ((_, entry),) = april(ledger).items()
    assert (entry.screen, entry.subject, entry.period) == (NEW_FIRM, PARTY, "2025-03")
    assert outcomes(entry) == {
        "set_up_since": "met",
        "sent_amount": "met",
        "multiple_of_capital": "met",
        "frequent_linked_inflow": "cannot_tell",
        "one_branch": "cannot_tell",
    }
    told = measured(entry)
    assert (told["sent_in_all"], told["payments_in_all"], told["times_capital"]) == ("51000000.00", 3, 142.8)
    assert [one.name for one in entry.limits] == ["sent_min", "capital_multiple", "branch_share"]
    assert list(entry.ledger_offsets) == paid
    assert entry.institutions == ("BANKA",)
    # the rate moves time on, by the hour less that one witness alone counts for
    assert (entry.position.partition, entry.position.offset) == (3, len(ledger.log) - 2)
    assert entry.as_of == day(4, 11, 2)
    assert entry.key == f"{NEW_FIRM}|{PARTY}|2025-03|3"
    assert entry.text_en.startswith(
        "This firm, registered 699 days ago, meets the supervisor's test for examination: 51"
    )
    assert "51,000,000.00달러" in entry.text_ko
    ledger.passed(day(5, 20))
    assert len(ledger.listed()) == 1


@pytest.mark.parametrize(
    ("usd", "facts"),
    [
        (49_999_999.0, NEW),
        (51_000_000.0, NEW | {"registered_on": date(2020, 12, 31)}),
        (51_000_000.0, NEW | {"capital_krw": "800000000"}),
        (51_000_000.0, OLD),
    ],
    ids=["less", "older", "more capital", "old"],
)
def test_just_less_is_in_no_list(usd, facts):
    """Below the amount, set up before 2021, or less than a hundred times the capital."""
    assert april(firm(usd, facts=facts)) == {}


@pytest.mark.parametrize("missing", ["capital_krw", "registered_on"])
def test_what_is_not_known_is_never_against_the_firm(missing):
    """Without its capital, or the day of its registration, the test cannot be told."""
    facts = {name: value for name, value in NEW.items() if name != missing}
    ledger = firm(facts=facts | ({"capital_krw": "90000000"} if missing == "registered_on" else {}))
    assert april(ledger) == {}


def test_frequent_linked_inflow_stands_for_the_capital():
    """Five fed payments of a firm whose capital nobody told."""
    entry = april(firm(count=5, facts={"registered_on": date(2023, 5, 2)}, linked=0.5))[NEW_FIRM, "2025-03"]
    assert {name: outcome for name, outcome in outcomes(entry).items() if outcome == "met"}.keys() == {
        "set_up_since",
        "sent_amount",
        "frequent_linked_inflow",
    }
    assert outcomes(entry)["multiple_of_capital"] == "cannot_tell"


def test_an_inflow_that_was_told_and_is_rare_is_not_frequent():
    """Told with one payment; without any word of it nothing is known."""
    ledger = firm()
    ledger.send("fed", day(3, 20), 1_000.0, 0.5)
    assert outcomes(april(ledger)[NEW_FIRM, "2025-03"])["frequent_linked_inflow"] == "not_met"


def test_half_of_what_a_firm_sends_through_one_branch_is_a_list_of_its_own():
    """From the half on, with the payments of that branch; a firm of much capital is in no other list."""
    facts = NEW | {"capital_krw": "900000000000"}
    ledger = ScreenedLedger(None, **facts)
    for number, branch in enumerate(["0021", "0021", "0007", None]):
        ledger.send(f"p{number}", day(3, 5 + number), 15_000_000.0, **({"branch": branch} if branch else {}))
    there = [origin.offset for event, origin in ledger.log if getattr(event, "branch", None) == "0021"]
    found = april(ledger)
    assert list(found) == [(ONE_BRANCH, "2025-03")]
    entry = found[ONE_BRANCH, "2025-03"]
    assert measured(entry)["largest_branch_share"] == 0.5
    assert outcomes(entry)["one_branch"] == "met"
    assert outcomes(entry)["multiple_of_capital"] == "not_met"
    assert list(entry.ledger_offsets) == there
    assert entry.text_en.startswith("This firm sent 60,000,000.00 USD in 4 payments for imports and services, where")
    assert "50.0 % of it went through one branch, where the test begins at 50 % (published" in entry.text_en
    assert "50.0%가 한 영업점을 통해 송금되었으며, 기준은 50%(감독당국 공표" in entry.text_ko
    ledger = ScreenedLedger(None, **facts)
    for number, branch in enumerate(["0021", "0021", "0007"]):
        ledger.send(f"p{number}", day(3, 5 + number), (17e6, 8e6, 26e6)[number], branch=branch)
    assert list(april(ledger)) == [(ONE_BRANCH, "2025-03")]
    assert measured(ledger.entries[0])["largest_branch_share"] == 0.5098


def test_a_branch_of_another_bank_is_another_branch():
    """Two banks number their branches alike."""
    ledger = ScreenedLedger(None, **NEW | {"capital_krw": "900000000000"})
    for number, bank in enumerate(["BANKA", "BANKB", "BANKC"]):
        ledger.send(f"p{number}", day(3, 5 + number), 20_000_000.0, branch="0021", institution=bank)
    assert april(ledger) == {}


def test_what_came_back_before_the_list_is_due_is_not_in_it():
    """A return of April, of a payment of March."""
    ledger = firm()
    ledger.send("back", day(4, 3), 17e6, status="returned", original_event_id="p1")
    assert april(ledger) == {}


def test_what_comes_back_later_is_in_the_next_list():
    """The list of March stays as it was made; that of April has what is left by then."""
    ledger = firm(60_000_000.0)
    ledger.send("more", day(4, 2), 1_000_000.0)
    assert measured(april(ledger)[NEW_FIRM, "2025-03"])["sent_in_all"] == "60000000.00"
    ledger.send("back", day(4, 20), 20e6, status="returned", original_event_id="p1")
    ledger.passed(day(5, 12))
    assert len(ledger.listed()) == 1


def test_a_payment_that_is_told_late_counts_in_its_own_month():
    """Told in April before the list is due; one of April itself does not count in March."""
    ledger = firm(48_000_000.0)
    ledger.send("april", day(4, 2), 30_000_000.0)
    ledger.send("late", day(3, 28), 2_000_000.0)
    assert measured(april(ledger)[NEW_FIRM, "2025-03"])["sent_in_all"] == "50000000.00"
    ledger.passed(day(5, 12))
    assert measured(ledger.listed()[NEW_FIRM, "2025-04"])["sent_in_all"] == "80000000.00"


def test_a_firm_is_listed_for_the_months_in_which_it_sends():
    """Not for a month of silence; and again when it goes on."""
    ledger = firm()
    ledger.passed(day(4, 12))
    ledger.send("may", day(5, 5), 1000.0)
    ledger.passed(day(6, 12))
    ledger.passed(day(7, 12))
    assert list(ledger.listed()) == [(NEW_FIRM, "2025-03"), (NEW_FIRM, "2025-05")]


def test_what_is_told_after_its_month_was_looked_at_is_in_the_next_list():
    """A list that was published stays as it is."""
    ledger = firm(48_000_000.0)
    ledger.passed(day(4, 12))
    ledger.send("late", day(3, 28), 3_000_000.0)
    ledger.passed(day(4, 13))
    assert ledger.listed() == {}
    ledger.passed(day(5, 12))
    assert measured(ledger.listed()[NEW_FIRM, "2025-04"])["sent_in_all"] == "51000000.00"


def test_payments_beyond_those_that_are_kept_count():
    """Of 140 payments twelve are in totals, and the newest fifty are named."""
    ledger = ScreenedLedger(None, **NEW)
    for number in range(140):
        ledger.send(f"p{number}", datetime(2025, 3, 4, 0, number % 60, number // 60, tzinfo=UTC), 400_000.0)
    entry = april(ledger)[NEW_FIRM, "2025-03"]
    assert (measured(entry)["sent_in_all"], measured(entry)["payments_in_all"]) == ("56000000.00", 140)
    assert len(entry.ledger_offsets) == 50


def test_loaded_history_lists_nobody():
    """Of a month that had passed before its records were read; the month that goes on is listed."""
    ledger = ScreenedLedger(None, **NEW)
    ledger.passed(day(5, 20))
    ledger.send("old", day(4, 20), 51_000_000.0, history=True)
    ledger.passed(day(5, 21))
    assert ledger.listed() == {}
    ledger.send("new", day(5, 22), 1_000.0)
    ledger.passed(day(6, 12))
    assert list(ledger.listed()) == [(NEW_FIRM, "2025-05")]


def test_a_replay_gives_the_same_lists_whatever_was_saved_in_between():
    """Each record applied to a state that was saved and loaded before it: the same entries, the same digest."""
    ledger = firm(branch="0021")
    ledger.send("back", day(4, 3), 1e6, status="returned", original_event_id="p1")
    ledger.passed(day(4, 12))
    ledger.passed(day(5, 12))
    entries, state = [], PartitionState.new(3)
    for event, origin in ledger.log:
        state = PartitionState.thaw(state.freeze().sections()) if state.next else state
        entries += apply(state, event, origin).screened
    assert entries == ledger.entries != []
    assert state.freeze().digest() == ledger.state.freeze().digest()


def test_without_the_supervisors_limits_there_are_no_lists():
    """They are dated like all others."""
    rules = {"T05": {"limits": [one for one in _limits() if one["name"] not in {"sent_min", "branch_share"}]}}
    assert april(firm(config=configuration(rules=rules))) == {}


def _limits() -> list[dict[str, object]]:
    kept = configuration().rules["T05"].limits
    names = ("name", "value", "unit", "effective_from", "provenance")
    return [{name: getattr(one, name) for name in names} for one in kept]
