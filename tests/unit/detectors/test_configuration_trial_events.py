"""What a trial of a configuration applies, event by event, as the limits of a small configuration make it."""

import hashlib
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest

from detectors import configuration_trial as trial
from detectors.contracts.configuration import Configuration, Limit, TypologyRules
from detectors.contracts.events import Declaration, Event, Profile, Rate, Source, Transaction
from tests.support.ledger import configuration

GOOD = configuration()
DAY = date(2024, 5, 1)
NOON = datetime(2024, 5, 2, 3, tzinfo=UTC)  # the next day's noon in Seoul


def with_limits(*days: date, **values: str) -> Configuration:
    """Rules that hold these limits alone, from each of these days on; a name is `T01_document_line`."""
    rules = {}
    for typology in ("T01", "T02", "T16"):
        limits = tuple(
            Limit(name=name.partition("_")[2], value=value, unit="USD", effective_from=day, provenance="D")
            for name, value in values.items()
            if name.startswith(typology)
            for day in days
        )
        rules[typology] = TypologyRules(legal_basis="x", limits=limits)
    return msgspec.structs.replace(GOOD, rules=rules)


SMALL = {
    "T01_document_line": "1000",
    "T01_band_low": "0.8",
    "T01_pieces_min": "3",
    "T01_sum_multiple": "2",
    "T02_annual_cap": "50000",
    "T02_small_remitter_cap": "20000",
    "T16_amount_min": "700",
}


def events_of(given: Configuration) -> list[tuple[str, Event]]:
    return list(trial._events(given))


def paid(minutes: float, party: str, amount: str, **fields: str) -> dict[str, Any]:
    return {
        "minutes": minutes,
        "party": f"t.000.{party}2024-05-01",
        "amount": amount,
        "direction": "out",
        "party_type": "person",
        "channel": "app",
        "currency": "USD",
        "settled_currency": None,
        "deal_rate": None,
        "status": "settled",
        "original_event_id": None,
        "evidence": "none",
    } | fields


def told(event: Transaction) -> dict[str, Any]:
    minutes = (event.event_time - NOON) / timedelta(minutes=1)
    names = set(paid(0, "", "")) - {"minutes"}
    return {"minutes": minutes} | {name: getattr(event, name) for name in names}


def test_every_payment_of_a_day_is_what_its_limits_make_it():
    """Four pieces in the middle of the band, both caps crossed at the third payment, five rates, extremes, the rest."""
    sold = {"party_type": "company", "settled_currency": "KRW"}
    expected = [
        *(("a split remittance", paid(n, "splitter", "900.000000")) for n in range(4)),
        *(
            ("a yearly cap", paid(n, cap, amount, channel="small_remitter"))
            for cap, amounts in (
                ("annual_cap", ("49950.000000", "500.000000", "25000.000000")),
                ("small_remitter_cap", ("19980.000000", "200.000000", "10000.000000")),
            )
            for n, amount in enumerate(amounts)
        ),
        # without their limits, the least amount that there is
        *(
            ("a yearly cap", paid(n, cap, "0.000001", **{"channel": "small_remitter"} | fields))
            for cap, fields in (
                ("firm_cap", {"party_type": "company"}),
                ("foreign_cap", {"channel": "app"}),
                ("foreign_small_remitter_cap", {}),
            )
            for n in range(3)
        ),
        (
            "a payment fed by exchange-linked money",
            paid(0, "fed", "1.100000", party_type="company", evidence="shown"),
        ),
        # without its limits, the least amount that there is
        *(
            ("an import payment", paid(n, "importer", "0.000001", party_type="company", evidence="shown"))
            for n in range(3)
        ),
        ("an export receipt", paid(0, "exporter", "0.000001", party_type="company", evidence="shown", direction="in")),
        *(
            ("a trade payment", paid(n, "trader", "0.000001", party_type="company", evidence="shown", direction=way))
            for n, way in enumerate(("out", "in"))
        ),
        *(
            (
                "a third-party payment",
                paid(n, "buyer", "0.000001", party_type="company", evidence="shown"),
            )
            for n in range(3)
        ),
        ("an offset", paid(2, "netter", "0.000001", party_type="company", evidence="shown")),
        # a past twice as long as is asked for
        ("a usual purpose", paid(0, "drifting", "100.000000", evidence="shown")),
        ("a usual purpose", paid(1, "drifting", "100.000000", evidence="shown")),
        ("an odd purpose", paid(2, "drifting", "1.100000", evidence="shown")),
        ("a capital payment", paid(0, "investor", "0.000001", evidence="shown")),
        *(("an unusual payment", paid(1 + n, "saver", f"{1 + n % 3}.000000", evidence="shown")) for n in range(6)),
        *(("an unusual payment", paid(9 + n, "saver", "1.000000", evidence="shown")) for n in range(3)),
        ("a burst of payments", paid(0, "woken", "1.100000", party_type="company", evidence="shown")),
        *(
            ("an off-market deal", paid(n, "trader", "1400.000000", deal_rate=rate, **sold))
            for n, rate in enumerate(("1401", "1700", "900", "0.000001", "1000000000000000"))
        ),
        ("a pass-through", paid(0, "through", "0.000001")),
        ("goods of a firm", paid(0, "dealer", "100.000000", party_type="company", evidence="shown")),
        ("goods of a firm", paid(1, "dealer", "1.100000", party_type="company", evidence="shown")),
        *(
            ("an extreme amount", paid(n, "x", amount, direction=direction, party_type="bank"))
            for n, amount in enumerate(("0.000001", "1000000000000000"))
            for direction in ("out", "in")
        ),
        ("a payment without a rate", paid(0, "trader", "100", currency="XAU", evidence="shown")),
        ("a return", paid(0, "splitter", "900.000000", status="returned", original_event_id="0.2")),
        ("a late payment", paid(-400 * 24 * 60, "splitter", "900.000000")),
    ]
    found = events_of(with_limits(DAY, **SMALL))
    payments = [(what, told(event)) for what, event in found if isinstance(event, Transaction)]
    assert payments == [(f"at {what} under the limits of 2024-05-01", fields) for what, fields in expected]


def test_exports_are_declared_whose_money_does_not_come_and_two_firms_are_known():
    """A line of T07's; a firm registered that day with next to no capital; a maker of garments."""
    found = [event for _, event in events_of(with_limits(DAY, **SMALL))]
    declared = [one for one in found if isinstance(one, Declaration) and one.party == "t.000.unpaid2024-05-01"]
    assert [(one.kind, one.value, one.declared_time) for one in declared] == [("export", "0.000001", NOON)]
    known = [one for one in found if isinstance(one, Profile)]
    assert [(one.party, one.party_type, one.registered_on, one.as_of) for one in known] == [
        ("t.000.woken2024-05-01", "company", DAY, NOON),
        ("t.000.dealer2024-05-01", "company", DAY, NOON),
    ]
    assert [(one.capital_krw, one.turnover_krw, one.industry_code) for one in known] == [
        ("1000", "1000", None),
        (None, None, "C14"),
    ]


def test_a_rule_is_tried_again_where_its_limits_are_others():
    """On the first date all are; on a date that changes T02's cap, T02's alone, and what is tried every day."""
    given, later_day = with_limits(DAY, **SMALL), date(2025, 5, 1)
    cap = Limit(name="annual_cap", value="100000", unit="USD", effective_from=later_day, provenance="D")
    changed = msgspec.structs.replace(given.rules["T02"], limits=(*given.rules["T02"].limits, cap))
    found = events_of(msgspec.structs.replace(given, rules=given.rules | {"T02": changed}))
    ending = f" under the limits of {later_day}"
    again = {what.removeprefix("at ").removesuffix(ending) for what, _ in found if what.endswith(ending)}
    assert again == {
        "a rate",
        "a yearly cap",
        "an extreme amount",
        "a payment without a rate",
        "a return",
        "a late payment",
    }


def test_what_is_set_off_is_declared_both_ways():
    """A line each way, a minute apart, before the payment."""
    found = [event for _, event in events_of(with_limits(DAY, **SMALL)) if isinstance(event, Declaration)]
    found = [one for one in found if one.party == "t.000.netter2024-05-01"]
    minutes = [(one.declared_time - NOON) / timedelta(minutes=1) for one in found]
    assert [(one.kind, one.party, one.value) for one in found] == [
        ("import", "t.000.netter2024-05-01", "0.000001"),
        ("export", "t.000.netter2024-05-01", "0.000001"),
    ]
    assert minutes == [0.0, 1.0]


def test_the_rates_of_a_day_come_first_and_everything_has_an_identity_of_its_own():
    """A dollar at 1 400 won, a euro at 1.1 dollars; ids by day and place, hashed as ingest would."""
    found = events_of(with_limits(DAY, **SMALL))
    rates = [event for _, event in found if isinstance(event, Rate)]
    assert [(rate.base, rate.quote, rate.mid, rate.rate_time) for rate in rates] == [
        ("USD", "KRW", "1400", NOON),
        ("EUR", "USD", "1.1", NOON),
    ]
    assert [event for _, event in found[:2]] == rates
    for place, (what, event) in enumerate(found):
        assert event.event_id == f"0.{place}"
        assert event.identity == hashlib.sha256(f"0.{place}".encode()).hexdigest()[:32]
        said = what.removeprefix("at ").removesuffix(" under the limits of 2024-05-01")
        assert event.body == hashlib.sha256(said.encode()).hexdigest()[:32]
    payment = next(event for _, event in found if isinstance(event, Transaction))
    assert (payment.counterparty, payment.counterparty_country, payment.institution, payment.purpose) == (
        "t.001.payee",
        "VN",
        "TRIAL",
        "1",
    )
    # the return takes back the first piece
    assert next(event.party for _, event in found if event.event_id == "0.2") == "t.000.splitter2024-05-01"


def amounts(kind: str, **limits: str) -> list[str]:
    """The amounts of one kind of payment with other limits."""
    found = events_of(with_limits(DAY, **SMALL | limits))
    return [event.amount for what, event in found if isinstance(event, Transaction) and what.startswith(f"at {kind}")]


def test_pieces_are_as_many_as_a_splitting_needs_and_twelve_at_most():
    """The count's own limit, or the multiple of the line and two more; none where there are no limits."""
    assert len(amounts("a split", T01_pieces_min="7")) == 7
    assert len(amounts("a split", T01_sum_multiple="8")) == 10
    assert len(amounts("a split", T01_pieces_min="50")) == 12
    assert amounts("a split", T01_document_line="100000", T01_band_low="0.5")[0] == "75000.000000"
    nothing = with_limits(DAY, T02_annual_cap="50000")
    found = [event.amount for what, event in events_of(nothing) if what.startswith("at a split")]
    assert found == ["0.000001"] * 2  # pieces of nothing, as small as an amount can be


def test_amounts_stay_within_what_the_contract_takes():
    """Whatever the limits: a millionth to a million billion; a deal without a least amount is of two dollars."""
    assert amounts("a yearly cap", T02_annual_cap="1e18")[0] == "1000000000000000.000000"
    assert amounts("an off-market deal", T16_amount_min="0") == ["2.000000"] * 5
    assert amounts("an off-market deal", T16_amount_min="1.5") == ["3.000000"] * 5


def test_each_date_of_a_limit_is_tried_and_of_many_the_first_the_last_and_some_between():
    """In order; the calendar's ends are no dates to try; where there is none, one of 2025."""
    few = [date(2020, 1, day) for day in (3, 1, 2)]
    assert trial._dates(with_limits(*few, **SMALL)) == sorted(few)
    twelve = [date(2020, 1, 1 + number) for number in range(12)]
    assert trial._dates(with_limits(*twelve, **SMALL)) == twelve
    many = [date(2020, 1, 1) + timedelta(days=number) for number in range(100)]
    assert trial._dates(with_limits(*many, **SMALL)) == [
        *(many[number] for number in (0, 8, 16, 25, 33, 41, 50, 58, 66, 75, 83, 91)), many[99],
    ]  # fmt: skip
    ends = [date.min, date(1, 1, 2), date(9997, 12, 31), date(9998, 1, 1), date.max]
    assert trial._dates(with_limits(*ends, **SMALL)) == ends[1:3]
    assert trial._dates(with_limits(date.min, date.max, **SMALL)) == [date(2025, 1, 1)]


@pytest.mark.parametrize(("next_day", "piece"), [(date(2024, 5, 2), "1800.000000"), (date(2024, 5, 3), "900.000000")])
def test_a_dates_payments_are_made_on_the_day_after_by_the_limits_of_then(next_day, piece):
    """A line of 2 000 that follows on that day is in force already; one that follows a day later is not."""
    given = with_limits(DAY, **SMALL)
    line = Limit(name="document_line", value="2000", unit="USD", effective_from=next_day, provenance="D")
    changed = msgspec.structs.replace(given.rules["T01"], limits=(*given.rules["T01"].limits, line))
    found = events_of(msgspec.structs.replace(given, rules=given.rules | {"T01": changed}))
    assert next(event.amount for _, event in found if event.event_id == "0.2") == piece


def test_the_days_of_a_trial_are_told_apart():
    """Ids and parties by day; in the calendar's first years a late payment has no room before it."""
    found = events_of(with_limits(date(2, 1, 1), date(3, 1, 1), **SMALL))
    ids = [event.event_id for _, event in found]
    assert len(set(ids)) == len(ids)
    assert {one.split(".")[0] for one in ids} == {"0", "1"}
    late = [event for what, event in found if what.startswith("at a late payment")]
    assert [event.event_time for event in late if isinstance(event, Transaction)] == [
        datetime(2, 1, 2, 3, tzinfo=UTC),
        datetime(3, 1, 2, 3, tzinfo=UTC) - timedelta(days=400),
    ]


# -- applying ------------------------------------------------------------------------------------------------------


@pytest.fixture
def applied(monkeypatch):
    """What the trial applies: (event, origin, warm-up in force)."""
    seen: list[Any] = []
    real = trial.core.apply

    def apply(state: Any, event: Event, origin: Any) -> Any:
        seen.append((event, origin, state.configuration.detectors.warm_up))
        return real(state, event, origin)

    monkeypatch.setattr(trial.core, "apply", apply)
    monkeypatch.setattr(trial, "_answers", type(trial._answers)())
    return seen


def test_events_are_applied_in_a_ledger_of_their_own(applied):
    """One offset after the other, from a source of its own, sent at their own time; nothing warms up first."""
    assert trial.trial_fault(with_limits(DAY, **SMALL)) is None
    first, *_ = applied
    assert [origin.offset for _, origin, _ in applied] == list(range(1, len(applied) + 1))
    assert first[1].source == Source("trial", 0, 1)
    assert first[1].commitment == "0" * 64
    noon_ms = int(NOON.timestamp() * 1000)
    assert first[1].timestamp_ms == noon_ms
    assert applied[3][1].timestamp_ms == noon_ms + 60_000
    assert {warm_up for _, _, warm_up in applied} == {0}


def test_a_configuration_is_tried_once_and_answers_are_bounded(applied, monkeypatch):
    """By the whole configuration; of more than are kept the oldest answer goes."""
    monkeypatch.setattr(trial, "_KEPT_ANSWERS", 2)
    one, two, three = (with_limits(DAY, **SMALL | {"T02_annual_cap": f"{number}000"}) for number in (5, 6, 7))
    for given in (one, one, two, one, two):
        assert trial.trial_fault(given) is None
    per_trial = len(events_of(one))
    assert len(applied) == 2 * per_trial
    other_order = msgspec.structs.replace(two, rules=dict(reversed(two.rules.items())))
    assert trial.trial_fault(other_order) is None
    assert len(applied) == 2 * per_trial
    trial.trial_fault(three)
    trial.trial_fault(two)
    assert len(applied) == 3 * per_trial
    trial.trial_fault(one)
    assert len(applied) == 4 * per_trial
    assert len(trial._answers) == 2


def test_what_fails_is_told_with_its_place(applied, monkeypatch):
    """The kind of event and its day, the error's type, and its message up to 200 characters."""
    real = trial.core.apply

    def fails(state: Any, event: Event, origin: Any) -> Any:
        if origin.offset == 4:
            raise ValueError("x" * 300)
        return real(state, event, origin)

    monkeypatch.setattr(trial.core, "apply", fails)
    said = trial.trial_fault(with_limits(DAY, **SMALL))
    assert said == f"a trial fails at a split remittance under the limits of 2024-05-01: ValueError: {'x' * 200}"
    monkeypatch.setattr(trial.core, "apply", real)
    monkeypatch.setattr(trial.PartitionState, "install", lambda state, given: 1 / 0)
    said = trial.trial_fault(with_limits(DAY, **SMALL | {"T02_annual_cap": "1"}))
    assert said == "a trial fails when it is put in force: ZeroDivisionError: division by zero"


def test_a_state_that_cannot_be_saved_fails_too(applied, monkeypatch):
    """The trial ends with a save and a load of what was learned."""
    monkeypatch.setattr(trial.PartitionState, "thaw", lambda sections: 1 / 0 if dict(sections) else None)
    said = trial.trial_fault(with_limits(DAY, **SMALL))
    assert said == "a trial fails at a late payment under the limits of 2024-05-01: ZeroDivisionError: division by zero"


def test_events_are_sent_at_their_own_time_to_the_millisecond():
    """What is left of one is cut off."""
    rate = Rate(event_id="", identity="", body="", base="A", quote="B", mid="1", rate_time=NOON)
    assert trial._milliseconds(rate) == 1_714_618_800_000
    known = Profile(event_id="", identity="", body="", party="p", party_type="person", as_of=NOON)
    assert trial._milliseconds(known) == 1_714_618_800_000
    assert trial._milliseconds(msgspec.structs.replace(rate, rate_time=NOON + timedelta(microseconds=1999))) == (
        1_714_618_800_001
    )
