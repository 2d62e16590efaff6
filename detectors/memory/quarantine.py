"""Which payments the models learn from: a flagged one waits, and nobody teaches the others much of what is strange.

Failure prevented: who repeats a crime, or drives up his amounts, teaches the models that it is usual.

A flagged payment is held with its party, and its own past does not learn from it. It is learned once one of these
holds, with the weight that it has faded to by then:

* *cleared*: an officer's verdict says that its alert was none. The past counts it from then on, and takes it in for
  good when its time is up. So a verdict that is withdrawn before leaves no trace;
* *timed out*: it was held for `days`;
* *changed*: an alert stood for `change_days` and nobody confirmed it, and `change_payments` or more are held, in as
  many different weeks as `change_days` has. Failure prevented: two large payments at once would prove a change.

A confirmed one is never learned, as long as its party holds it. Of more than `MOST_HELD` the oldest go, and are never
learned: whoever floods his quarantine teaches nothing. Verdicts are read from the party's record each time, so they
need no state of their own here.

Neither the peers' baselines nor the members learn from it, then or later. The calibration does: its counts say how many
payments are as strange, and without the strangest it would call the next ones too rare. But peers, members and
calibration learn from at most `lessons_a_month` payments of a party in 30 days, the first ones, and from three that are
strange.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from detectors.books.party import MOST_HELD, Given, Party
from detectors.contracts.configuration import Quarantine
from detectors.features import EventView, learn_alone
from detectors.values.legal_calendar import DAY_US

WEEK_US = 7 * DAY_US
# Days of the period in which a party's lessons to others are counted.
LESSON_DAYS = 30
# One payment in ten is as strange: three of a month's lessons, if the party is as others are. Failure prevented: a
# party that stays just above the rank of an alert makes it common for all others; and then, by steps, what is odder.
STRANGE_RANK = 0.1
MOST_STRANGE = 3
# Where no rule fires the rank alone flags a payment, at most the ceiling of alerts and at most this, whether the day's
# budget chose it or not. So what the models learn depends on no budget, no lot and no stop. Failure prevented: under a
# ceiling of 1 everything would be flagged, and nothing learned.
FLAGGED_RANK = 0.01
# An alert is brought up to date by later ones; a verdict on any of these counts.
MOST_ALERTS = 8
_ALERT_BYTES = 16
# Cleared payments that wait for their time and count in the past meanwhile, the newest. Failure prevented: a busy party
# of which 32 are cleared would have all of them learned anew for each payment, 5 ms.
MOST_CLEARED = 8
Verdicts = Mapping[bytes, set[str]]
_FIELDS = EventView.__struct_fields__


class Flag(NamedTuple):
    """Why a payment is flagged: the id of its alert, or of the one that it adds to. `ruled`: a rule fires on it.

    The id is empty where a rank alone flags it.
    """

    alert_id: str = ""
    ruled: bool = False


class HeldPayment(msgspec.Struct, frozen=True, array_like=True):
    """A payment that is not learned from: its first event, since when, its alerts, and what it showed.

    `held_us` is the partition's clock, microseconds. `alerts` are ids of 16 bytes each, the newest last; none where a
    rank alone flagged it.
    """

    first: int
    held_us: int
    alerts: bytes
    fields: tuple[Any, ...]

    @property
    def view(self) -> EventView:
        """The payment as the features saw it."""
        return EventView(**dict(zip(_FIELDS, self.fields, strict=True)))


_decoder = msgspec.msgpack.Decoder(HeldPayment)


def hold(party: Party, first: int, view: EventView, clock_us: int, flag: Flag) -> int:
    """Keep a flagged payment back, by its first event; the number of older ones that had to go. Cost: 5 us."""
    alert = bytes.fromhex(flag.alert_id)
    party.held = [
        *party.held,
        msgspec.msgpack.encode(HeldPayment(first, clock_us, alert, msgspec.structs.astuple(view))),
    ]
    gone = max(0, len(party.held) - MOST_HELD)
    party.held = newest_held(party.held)
    return gone


def is_held(party: Party, first: int) -> bool:
    """Whether the payment of this first event is kept back."""
    return any(_decoder.decode(packed).first == first for packed in party.held)


def follow(party: Party, superseded: str | None, alert_id: str) -> None:
    """An alert took the place of another one, if it did: the payments held under that go on under both.

    Cost: 2 us a held payment.

    Failure prevented: a settlement, another bank's word or a declaration brings an alert up to date, an officer
    confirms what stands, and the payments behind it are learned all the same.
    """
    if superseded is None:
        return
    earlier, later = bytes.fromhex(superseded), bytes.fromhex(alert_id)
    party.held = [_under(packed, one, later) if earlier in _alerts(one) else packed for packed, one in _decoded(party)]


def note_alert(party: Party, first: int, flag: Flag) -> None:
    """A later word about a payment that is held, if it is, raised an alert or adds to one: a verdict on it counts."""
    if flag.alert_id:
        alert = bytes.fromhex(flag.alert_id)
        party.held = [_under(packed, one, alert) if one.first == first else packed for packed, one in _decoded(party)]


def newest_held(held: list[bytes]) -> list[bytes]:
    """At most `MOST_HELD`, those held last."""
    return held[-MOST_HELD:]


def joined_held(one: list[bytes], other: list[bytes]) -> list[bytes]:
    """What is held of two parties that prove to be one, in the order in which it was; at most `MOST_HELD`."""
    return newest_held(sorted([*one, *other], key=lambda packed: _decoder.decode(packed).held_us))


def _decoded(party: Party) -> Iterator[tuple[bytes, HeldPayment]]:
    return ((packed, _decoder.decode(packed)) for packed in party.held)


def _under(packed: bytes, one: HeldPayment, alert: bytes) -> bytes:
    """The held payment with an alert more; as it was where it has that one."""
    if alert in _alerts(one):
        return packed
    alerts = (one.alerts + alert)[-MOST_ALERTS * _ALERT_BYTES :]
    return msgspec.msgpack.encode(msgspec.structs.replace(one, alerts=alerts))


def _alerts(one: HeldPayment) -> list[bytes]:
    return [one.alerts[at : at + _ALERT_BYTES] for at in range(0, len(one.alerts), _ALERT_BYTES)]


def settle(party: Party, rules: Quarantine, clock_us: int, counters: "Counter[str] | dict[str, int]") -> bytes:
    """Learn what need not be held any more, and give the past that the next payment is measured against.

    That is the party's own baselines, with the newest `MOST_CLEARED` of what verdicts cleared. Cost: nothing where none
    is held, else 10 us for each that is, and some 100 us for each that is learned or cleared.
    """
    if not party.held:
        return party.baselines
    entries = list(_decoded(party))
    said = by_alert(party.verdicts)
    changed = is_change([one for _, one in entries], said, rules, clock_us)
    kept, cleared = [], []
    for packed, one in entries:
        verdict = verdict_on(one, said)
        due = clock_us - one.held_us >= rules.days * DAY_US
        if verdict == "confirmed" or not (due or changed):
            kept.append(packed)
            if verdict == "refuted":
                cleared.append(one)
            continue
        reason = "cleared" if verdict == "refuted" else "timed_out" if due else "changed"
        counters[f"quarantine_{reason}"] += 1
        party.baselines = learn_alone(one.view, party.baselines)
    party.held = kept
    past = party.baselines
    for one in cleared[-MOST_CLEARED:]:
        past = learn_alone(one.view, past)
    return past


def by_alert(verdicts: Sequence[Given]) -> Verdicts:
    """What was said of each alert."""
    said: dict[bytes, set[str]] = {}
    for given in verdicts:
        said.setdefault(given.alert, set()).add(given.verdict)
    return said


def verdict_on(one: HeldPayment, said: Verdicts) -> str | None:
    """What officers said of its alerts: `confirmed` if any did, else `refuted` if any did, else None."""
    heard = {verdict for alert in _alerts(one) for verdict in said.get(alert, ())}
    return next((verdict for verdict in ("confirmed", "refuted") if verdict in heard), None)


def is_change(held: Sequence[HeldPayment], said: Verdicts, rules: Quarantine, clock_us: int) -> bool:
    """Whether what is held is what the party does now, by the rule of this module's head.

    One confirmed payment proves the contrary for all of them.
    """
    if len(held) < rules.change_payments or any(verdict_on(one, said) == "confirmed" for one in held):
        return False
    since = clock_us - rules.change_days * DAY_US
    stood = any(one.alerts and one.held_us <= since for one in held)
    weeks = {one.held_us // WEEK_US for one in held}
    return stood and len(weeks) * WEEK_US >= rules.change_days * DAY_US


def teaches_others(party: Party, rules: Quarantine, day: int, *, strange: bool) -> bool:
    """Count a payment of a local day (ordinal) if others may learn from it; whether they may.

    The day is the partition's, not the payment's: dates that a sender makes up give no further places.
    """
    if not rules.days:
        return True
    period = day // LESSON_DAYS
    last, lessons, odd = party.taught
    if period > last:
        last, lessons, odd = period, 0, 0
    if lessons >= rules.lessons_a_month or (strange and odd >= MOST_STRANGE):
        return False
    party.taught = last, lessons + 1, odd + strange
    return True
