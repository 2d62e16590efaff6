"""Which payments the models learn from: held, cleared, confirmed, timed out, changed; and how much others learn."""

from collections import Counter
from typing import Any

import msgspec
import pytest

from detectors.books.party import MOST_HELD, Given, Party
from detectors.contracts.configuration import Quarantine
from detectors.features import learn_alone
from detectors.memory import quarantine
from detectors.memory.quarantine import (
    MOST_ALERTS,
    Flag,
    HeldPayment,
    follow,
    hold,
    is_held,
    joined_held,
    note_alert,
    settle,
    teaches_others,
)
from detectors.values.legal_calendar import DAY_US
from tests.support.feature_moment import DAY, NOW, view

RULES = Quarantine()
ALERT, LATER = "ab" * 16, "cd" * 16


def usual_party(payments: int = 20) -> Party:
    """A party that pays 1 000 USD every three days."""
    party = Party()
    for number in range(payments):
        party.baselines = learn_alone(view(event_time_s=NOW + 3 * number * DAY), party.baselines)
    return party


def large(number: int = 0) -> Any:
    """A payment of 50 000 USD, some days after the last usual one."""
    return view(event_time_s=NOW + (60 + number) * DAY, amount_usd=50_000.0)


def said(party: Party, verdict: str, alert: str = ALERT, officer: int = 1) -> None:
    """An officer's verdict that stands, in the place of his earlier one."""
    others = [one for one in party.verdicts if one.officer != officer]
    party.verdicts = [*others, Given(bytes.fromhex(alert), officer, verdict, 0)]


def settled(party: Party, days: float) -> tuple[bytes, Counter[str]]:
    """The past to measure against so many days after the first hold, and what was released."""
    released: Counter[str] = Counter()
    return settle(party, RULES, round(days * DAY_US), released), released


def test_a_held_payment_teaches_nothing_until_its_time_is_up() -> None:
    """Then it is learned as a payment of its own time, once."""
    party = usual_party()
    before = party.baselines
    assert hold(party, 7, large(), 0, Flag(ALERT)) == 0
    assert (is_held(party, 7), is_held(party, 8)) == (True, False)
    assert settled(party, 59.9) == (before, Counter())
    past, released = settled(party, 60)
    assert past == party.baselines == learn_alone(large(), before)
    assert (released, party.held) == (Counter(quarantine_timed_out=1), [])
    assert settled(party, 90) == (past, Counter())


def test_a_cleared_payment_counts_at_once_and_a_withdrawn_verdict_leaves_no_trace() -> None:
    """The past that is measured against has it; the one that is kept takes it in when its time is up."""
    party = usual_party()
    hold(party, 7, large(), 0, Flag(ALERT))
    untouched = msgspec.msgpack.encode(party)
    said(party, "refuted")
    assert settled(party, 1) == (learn_alone(large(), party.baselines), Counter())
    said(party, "undecided")
    assert settled(party, 2) == (party.baselines, Counter())
    party.verdicts = []
    assert msgspec.msgpack.encode(party) == untouched
    said(party, "refuted")
    assert settled(party, 60)[1] == Counter(quarantine_cleared=1)


def test_of_many_cleared_payments_the_newest_eight_count_until_their_time_is_up() -> None:
    """A party's next payment costs no more for thirty of them; each goes into the past in the end."""
    party = usual_party()
    before = party.baselines
    for number in range(30):
        hold(party, number, large(number), number * DAY_US // 100, Flag(ALERT))
    said(party, "refuted")
    past, _ = settled(party, 1)
    newest = before
    for number in range(30 - quarantine.MOST_CLEARED, 30):
        newest = learn_alone(large(number), newest)
    assert (past, party.baselines) == (newest, before)
    assert settled(party, 61)[1] == Counter(quarantine_cleared=30)


def test_a_confirmed_payment_is_never_learned() -> None:
    """Whoever else calls it harmless, and however long it is held; withdrawn, its time may be up at once."""
    party = usual_party()
    before = party.baselines
    hold(party, 7, large(), 0, Flag(ALERT))
    said(party, "refuted", officer=2)
    said(party, "confirmed")
    assert settled(party, 4000) == (before, Counter())
    said(party, "undecided")
    party.verdicts = [one for one in party.verdicts if one.officer != 2]
    assert settled(party, 4001)[1] == Counter(quarantine_timed_out=1)


def test_a_verdict_on_the_alert_that_took_over_counts_for_all_its_payments() -> None:
    """Three payments of one alert, brought up to date twice; another alert's payment is not cleared with them."""
    party = usual_party()
    alerts = [f"{number:02x}" * 16 for number in range(3)]
    for number, alert in enumerate(alerts):
        if number:
            follow(party, alerts[number - 1], alert)
        hold(party, number, large(number), 0, Flag(alert))
    hold(party, 9, large(9), 0, Flag(LATER))
    said(party, "refuted", alerts[-1])
    past = party.baselines
    for number in range(3):
        past = learn_alone(large(number), past)
    assert settled(party, 1)[0] == past


def alerts_of(party: Party) -> list[str]:
    """The alerts of each payment that is held, in hexadecimal."""
    return [msgspec.msgpack.decode(packed, type=HeldPayment).alerts.hex() for packed in party.held]


def test_an_alert_is_noted_once_and_the_newest_eight_are() -> None:
    """Of the payment that it is about, or of those under the alert that it took the place of; of no other."""
    party = usual_party()
    hold(party, 7, large(), 0, Flag(ALERT))
    hold(party, 8, large(1), 0, Flag())
    for _ in range(2):
        follow(party, ALERT, LATER)
        follow(party, None, ALERT)
        note_alert(party, 8, Flag(LATER))
        note_alert(party, 8, Flag())
        note_alert(party, 9, Flag(ALERT))
    assert alerts_of(party) == [ALERT + LATER, LATER]
    for number in range(MOST_ALERTS):
        note_alert(party, 8, Flag(f"{number:02x}" * 16))
    assert alerts_of(party) == [ALERT + LATER, "".join(f"{number:02x}" * 16 for number in range(MOST_ALERTS))]


def test_of_two_parties_that_are_one_the_payments_held_first_go_first() -> None:
    """Failure prevented: under its former name a party's newest payments were forgotten before older ones."""
    older, newer = Party(), Party()
    for number in range(MOST_HELD):
        hold(older, number, large(), 2 * number, Flag())
        hold(newer, 100 + number, large(), 2 * number + 1, Flag())
    assert joined_held(older.held, newer.held) == joined_held(newer.held, older.held)
    both = Party(held=joined_held(newer.held, older.held))
    assert len(both.held) == MOST_HELD
    assert [is_held(both, first) for first in (15, 16, 31, 115, 116, 131)] == [False, True, True, False, True, True]


def test_of_too_many_the_oldest_go_unlearned() -> None:
    """Failure prevented: a hundred thousand payments of one party; or a flood that has the first ones learned."""
    party = usual_party()
    before = party.baselines
    gone = [hold(party, number, large(number), 0, Flag()) for number in range(100)]
    assert (sum(gone), len(party.held)) == (100 - MOST_HELD, MOST_HELD)
    assert (is_held(party, 67), is_held(party, 68)) == (False, True)
    assert party.baselines == before
    assert sum(map(len, party.held)) < 400 * MOST_HELD


WEEKS = [0, 1, 7, 8, 14, 15, 21, 22]


@pytest.mark.parametrize(
    ("days", "alerted", "at", "changed"),
    [
        (WEEKS, 0, 28, True),
        (WEEKS, 0, 27.9, False),  # nobody had the time to look
        (WEEKS, 7, 28, False),  # the alert is a week old
        (WEEKS, None, 40, False),  # nobody was told
        (WEEKS[1:], 0, 35, False),  # too few
        ([*range(8)], 0, 40, False),  # a burst
    ],
)
def test_a_real_change_takes_many_payments_over_weeks_under_an_alert_that_stood(
    days: list[int], alerted: int | None, at: float, changed: bool
) -> None:
    """Then all that is held is learned, in the order that it came in."""
    party = usual_party()
    past = party.baselines
    for number, day in enumerate(days):
        hold(party, number, large(day), day * DAY_US, Flag(ALERT if number == alerted else ""))
        past = learn_alone(large(day), past)
    _, released = settled(party, at)
    assert released == (Counter(quarantine_changed=len(days)) if changed else Counter())
    assert (party.baselines == past, party.held == []) == (changed, changed)


def test_one_confirmed_payment_proves_that_it_is_no_change() -> None:
    """All of them stay until their own time is up."""
    party = usual_party()
    for number, day in enumerate(WEEKS):
        hold(party, number, large(day), day * DAY_US, Flag(ALERT if number == 0 else ""))
    said(party, "confirmed")
    assert settled(party, 30) == (party.baselines, Counter())


def test_others_learn_from_thirty_payments_a_month_and_from_three_that_are_strange() -> None:
    """Of each period anew, by the partition's day; a day before the last one opens no further places."""
    party, first = Party(), 30 * 24_000
    assert [teaches_others(party, RULES, first, strange=True) for _ in range(5)] == [True] * 3 + [False] * 2
    assert [teaches_others(party, RULES, first + 29, strange=False) for _ in range(30)] == [True] * 27 + [False] * 3
    assert not teaches_others(party, RULES, first - 31, strange=False)
    assert teaches_others(party, RULES, first + 30, strange=True)


def test_without_a_quarantine_everybody_teaches() -> None:
    """Days of 0: what was held before is learned with the party's next payment."""
    off = Quarantine(days=0)
    party = usual_party()
    assert all(teaches_others(party, off, 1, strange=True) for _ in range(100))
    assert party.taught == (0, 0, 0)
    hold(party, 7, large(), 5, Flag(ALERT))
    released: Counter[str] = Counter()
    settle(party, off, 5, released)
    assert released == Counter(quarantine_timed_out=1)


def test_the_constants_are_what_the_pages_say() -> None:
    """docs/DETECTION.md names them."""
    assert (quarantine.STRANGE_RANK, quarantine.MOST_STRANGE, quarantine.LESSON_DAYS, MOST_HELD) == (0.1, 3, 30, 32)
