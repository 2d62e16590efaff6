"""Whatever one institution sends of a party, the rules that fire at another one's payments fire there all the same."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.few_rows import few_rows
from tests.support.ledger import Ledger, later

UETR = "eb6305c9-1f7f-49de-aed0-16487c27b4{:02x}"
TYPES = st.sampled_from(["person", "company", "bank"])
# T13's indicator compares with what is usual of the person, which every institution's payments make: left out here
BESIDE_THE_PAST = {"T13"}
# few pieces of one purpose, so that each counts
OWN = st.tuples(
    st.just("BANKA"),
    st.integers(0, 100),
    st.sampled_from(["4900", "4000", "60000"]),
    st.just("40101"),
    st.sampled_from(["k1.111.a", "k1.111.b"]),
    st.none(),
    st.booleans(),
)
# the other institution calls the party what it likes, and gives the first one's UETRs to its own payments and returns
OTHER = st.tuples(
    st.just("EVIL"),
    st.integers(0, 100),
    st.sampled_from(["4900", "4500", "4100", "60000"]),
    st.sampled_from(["50101", "60101", "70101", "40101"]),
    st.sampled_from([f"k1.222.{number}" for number in range(9)]),
    TYPES,
    st.booleans(),
)


def payments(draw, kind, least, most):
    """Payments in order of time; the hour stands in quarters of a day."""
    return sorted(draw(st.lists(kind, min_size=least, max_size=most)), key=lambda each: each[1])


@st.composite
def streams(draw):
    """What an honest institution sends of one party, and what another one adds, with the place of each."""
    own = [(f"a{number}", each) for number, each in enumerate(payments(draw, OWN, 3, 6))]
    others = [(f"e{number}", each) for number, each in enumerate(payments(draw, OTHER, 4, 24))]
    return draw(TYPES), own, others, draw(st.lists(st.integers(0, 5), min_size=24, max_size=24))


def fired(kind, own, others, named):
    """The typologies that fire at each of the honest institution's payments."""
    ledger, found = Ledger(), {}
    for name, (institution, quarter, amount, purpose, payee, said, flag) in sorted(
        [*own, *others], key=lambda each: (each[1][1], each[0][0] == "a")
    ):
        fields = {"institution": institution, "purpose": purpose, "counterparty": payee, "party_type": said or kind}
        if institution == "BANKA":
            fields["payment_id"] = UETR.format(int(name[1:]))
        elif flag:  # a cancellation, or a payment, under the UETR of one of the honest payments
            number = named[int(name[1:])]
            fields |= {"payment_id": UETR.format(number), "status": ("cancelled", "settled")[number % 2]}
            fields["channel"] = "branch"
        outputs = ledger.pay(name, later(hours=6 * quarter), amount, **fields)
        if institution == "BANKA":
            found[name] = {typology for typology, _ in outputs.assessed.fired}
    return found


@pytest.mark.parametrize("rows", [None, (4, 2)], ids=["kept", "folded"])
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(streams())
def test_no_rule_falls_silent_at_another_institutions_payment(rows, stream):
    """With the other's payments, words and returns at least what fires without them fires, folded or not."""
    kind, own, others, named = stream
    alone = fired(kind, own, [], named)
    if rows is None:
        beside = fired(kind, own, others, named)
    else:
        with few_rows(*rows):
            beside = fired(kind, own, others, named)
    missing = {name: left for name, hits in alone.items() if (left := hits - beside[name] - BESIDE_THE_PAST)}
    assert missing == {}
