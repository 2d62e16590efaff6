"""Whatever one institution tells of a shared thing, what the others' payments show there is alerted on all the same."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.ledger import later
from tests.support.leg_log import PAYEE, LegLog, TrailLog, resident
from tests.unit.detectors.typologies.test_t15_round_tripping import walk

EVIL = "EVILKRSE"
# how many payments at once, of whom, amount, hour, direction, documents
MADE_UP = st.lists(
    st.tuples(
        st.integers(1, 12),
        st.integers(0, 30),
        st.sampled_from(["10", "700", "3000", "4800", "60000", "9000000"]),
        st.integers(0, 240),
        st.sampled_from(["out", "in"]),
        st.sampled_from(["none", "shown"]),
    ),
    min_size=1,
    max_size=4,
)


def flood(made_up) -> list[tuple[int, dict[str, object]]]:
    """Made-up payments with their minutes: each lot within an hour, of residents of its own."""
    found = []
    for lot, (count, first, amount, hour, direction, evidence) in enumerate(made_up):
        for number in range(count):
            said = {"amount": amount, "who": 1000 + first + number, "direction": direction, "evidence": evidence}
            found.append((60 * hour + number, said | {"institution": EVIL, "name": f"x{lot}.{number}"}))
    return found


def alerted(payments) -> set[tuple[str, frozenset[str]]]:
    """What is alerted on: typology and honest residents, of payments in order of time."""
    log, found = LegLog(), set()
    honest = {resident(number) for number in range(100)}
    for minute, given_fields in sorted(payments, key=lambda one: (one[0], one[1]["name"])):
        said = dict(given_fields)
        name, amount, who = said.pop("name"), said.pop("amount"), said.pop("who")
        for outputs in log.pay(name, later(minutes=minute), amount, who, **said):
            for alert in outputs.alerts:
                for hit in alert.typologies:
                    found.add((hit.id, frozenset(alert.parties) & honest))
    return found


def ring(count: int = 9) -> list[tuple[int, dict[str, object]]]:
    """Residents at three banks who send about as much each, eight hours apart."""
    return [
        (
            480 * number,
            {
                "amount": str(4_700 + 10 * number),
                "who": number,
                "institution": f"BANKKRS{number % 3}",
                "name": f"r{number}",
            },
        )
        for number in range(count)
    ]


def mirror() -> list[tuple[int, dict[str, object]]]:
    """Six who pay and six who are paid as much, at two banks."""
    return [
        (
            300 * number,
            {
                "amount": str((7_000, 9_000, 20_000, 3_000, 15_000, 11_000)[number // 2]),
                "who": number,
                "direction": ("out", "in")[number % 2],
                "institution": f"BANKKRS{number % 2}",
                "name": f"m{number}",
            },
        )
        for number in range(12)
    ]


@pytest.mark.parametrize(("honest", "typology"), [(ring(), "T03"), (mirror(), "T04")], ids=["ring", "mirror"])
@settings(max_examples=20, deadline=None)
@given(MADE_UP)
def test_no_payments_of_one_institution_hide_what_the_others_show(honest, typology, made_up):
    """Of every alert of the rule without them there is one beside them that names most of its residents."""
    alone = [who for one, who in alerted(honest) if one == typology]
    assert alone
    beside = [who for one, who in alerted([*honest, *flood(made_up)]) if one == typology]
    assert [who for who in alone if not any(2 * len(who & other) > len(who) for other in beside)] == []


@pytest.mark.parametrize(("amount", "evidence"), [("10", "none"), ("4750", "none"), ("90000", "none"), ("10", "shown")])
def test_six_hundred_payments_of_one_bank_hide_no_ring_of_nine(amount, evidence):
    """Before, among and after them: T03 names those whom it names without them."""
    made_up = [
        (7 * number, {"amount": f"{float(amount) + number % 50:.2f}", "who": 1000 + number, "evidence": evidence,
                      "institution": EVIL, "name": f"x{number}"})
        for number in range(600)
    ]  # fmt: skip
    alone, found = alerted(ring()), alerted([*ring(), *made_up])
    first = min((who for one, who in alone if one == "T03"), key=len)
    assert len(first) == 5
    assert any(first <= who for one, who in found if one == "T03")


@pytest.mark.parametrize(("count", "amount"), [(1, "90000000"), (530, "900000")])
@pytest.mark.parametrize("direction", ["out", "in"])
def test_one_bank_hides_no_cycle(count, amount, direction):
    """One huge payment at the first foreign party, or six hundred: the value that comes round is found."""
    log = TrailLog()
    for number in range(count):
        given_fields = {"direction": direction, "counterparty": "k1.222.x", "institution": EVIL}
        log.pay(f"x{number}", later(minutes=number), amount, 1000 + number, party_type="company", **given_fields)
    assert [alert.parties for alert in walk(log)] == [(resident(1), resident(2))]


@pytest.mark.parametrize("who", [1, 2])
def test_one_bank_hides_no_cycle_by_payments_of_the_same_residents(who):
    """It makes up that the resident paid the same foreign party far more, and got it back at once."""
    log = TrailLog()
    for number, direction in enumerate(("out", "in") * 20):
        given_fields = {"direction": direction, "counterparty": "k1.222.x", "institution": EVIL}
        log.pay(f"x{number}", later(minutes=number), "7000000", who, party_type="company", **given_fields)
    assert (resident(1), resident(2)) in [alert.parties for alert in walk(log)]
    assert PAYEE not in log.state.parties
