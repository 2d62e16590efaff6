"""Whatever another institution tells and takes back under an honest one's UETRs: no payment counts less for it."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detectors.memory.state import PartitionState
from tests.support.ledger import Ledger, later
from tests.support.payment_joins import total

UETR = "eb6305c9-1f7f-49de-aed0-16487c27b4{:02x}"
PAYMENTS = 3
NUMBERS = st.integers(0, PAYMENTS - 1)
QUARTERS = st.integers(0, 60)
# what the honest institution does with a payment: (number, quarters of an hour after the start, status, amount)
OWN_BACK = st.tuples(NUMBERS, QUARTERS, st.sampled_from(["returned", "cancelled"]), st.sampled_from(["60000", "20000"]))
TOLD = st.sampled_from(["ordered", "settled", "returned", "cancelled"])
# the other one's events name one of its own by number, or nothing that was told
OTHER = st.tuples(NUMBERS, QUARTERS, TOLD, st.sampled_from(["60000", "59950", "60050", "20000"]), st.integers(0, 9))


@st.composite
def streams(draw, others=OTHER):
    """Payments of 60 000 and returns by one institution, and what another one tells, all in one random order."""
    own = [("pay", (number, 4 * number, "settled", "60000", 0)) for number in range(PAYMENTS)]
    own += [("back", (*each, 0)) for each in draw(st.lists(OWN_BACK, max_size=3))]
    told = [("other", each) for each in draw(st.lists(others, min_size=1, max_size=10))]
    named = [(kind, f"{kind[0]}{place}", fields) for place, (kind, fields) in enumerate([*own, *told])]
    return draw(st.permutations(named))


def counted(events, *, saved=False):
    """USD cents that count after these events, and the rules that fired at the honest institution's payments."""
    ledger, fired = Ledger(), {}
    for kind, name, (number, quarter, status, amount, original) in events:
        fields = {"payment_id": UETR.format(number), "status": status}
        fields["institution"] = "EVIL" if kind == "other" else "BANKA"
        if status in {"returned", "cancelled"}:
            fields["original_event_id"] = f"p{number}" if kind == "back" else f"o{PAYMENTS + original}"
        outputs = ledger.pay(name, later(minutes=15 * quarter), amount, **fields)
        if kind == "pay":
            fired[name] = {typology for typology, _ in outputs.assessed.fired}
        if saved:
            ledger.state = PartitionState.thaw(list(ledger.state.freeze().sections()))
    return total(ledger), fired


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(streams())
def test_another_institutions_words_and_returns_lower_nothing(events):
    """As much as the honest one's events alone, and what fires at its payments fires beside the other's."""
    alone, hits = counted([event for event in events if event[0] != "other"])
    beside, found = counted(events)
    assert beside >= alone
    assert {name: hits[name] - found[name] for name in hits if hits[name] - found[name]} == {}
    assert counted(events, saved=True) == (beside, found)


BACK_ONLY = OTHER.filter(lambda each: each[2] in {"returned", "cancelled"})


@pytest.mark.parametrize("saved", [False, True], ids=["kept", "saved"])
@settings(max_examples=75, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(events=streams(BACK_ONLY))
def test_returns_of_an_institution_that_told_nothing_change_nothing(saved, events):
    """To the cent, whenever they come."""
    assert counted(events, saved=saved) == counted([event for event in events if event[0] != "other"])
