"""A corrected rate leaves every payment as if the rate had been right from the start."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detectors.books.party import unpack
from detectors.memory.state import PartitionState
from tests.support.ledger import Ledger, configuration, later

BLIND = configuration(rates={"jump": 10.0, "most": 1e6, "magnitude": 1e6, "typical": {}})
HOURS = st.integers(0, 40)
PARTIES = ("k1.001.a", "k1.002.b", "k1.003.c")
PAYMENTS = st.fixed_dictionaries(
    {
        "kind": st.just("pay"),
        "hour": HOURS,
        "party": st.sampled_from(PARTIES),
        "currency": st.sampled_from(["KRW", "JPY", "EUR", "USD"]),
        "amount": st.sampled_from(["1400000", "33.33", "0.01", "999999999999.99"]),
        "back": st.sampled_from([None, None, "0.01", "11.11", "whole"]),
    }
)
PAIRS = (("USD", "KRW", 1400), ("JPY", "KRW", 9), ("EUR", "USD", 1))
RATES = st.fixed_dictionaries(
    {
        "kind": st.just("rate"),
        "hour": HOURS,
        "pair": st.sampled_from(range(3)),
        "share": st.integers(90, 110),
        "wrong": st.sampled_from([None, None, 3, 0.4]),
    }
)


def written(steps, *, right):
    """The ledger of the steps, wrong rates right or wrong, then every wrong one corrected."""
    ledger, corrections, said = Ledger(BLIND), [], set()
    for number, step in enumerate(steps):
        at = later(hours=step["hour"])
        if step["kind"] == "rate":
            base, quote, middle = PAIRS[step["pair"]]
            if (step["pair"], step["hour"]) in said:
                continue
            said.add((step["pair"], step["hour"]))
            true = middle * step["share"] / 100
            if step["wrong"] is not None:
                corrections.append((at, f"{true:.6f}", base, quote))
            ledger.rate(at, f"{true if right or step['wrong'] is None else true * step['wrong']:.6f}", base, quote)
            continue
        given_ = {"party": step["party"], "currency": step["currency"]}
        ledger.pay(f"p{number}", at, step["amount"], **given_)
        if step["back"] is not None:
            whole = step["back"] == "whole"
            ledger.pay(
                f"r{number}",
                at,
                step["amount"] if whole else step["back"],
                **given_,
                status="cancelled" if whole else "returned",
                original_event_id=f"p{number}",
            )
    for at, mid, base, quote in corrections:
        ledger.rate(at, mid, base, quote)
    return ledger


def settled(ledger):
    """Every party's payments, once all corrections have come through; a save and load on the way."""
    ledger.state = PartitionState.thaw(list(ledger.state.freeze().sections()))
    for minute in range(3):
        ledger.rate(later(days=9, minutes=minute), "1400")
    assert not ledger.state.restatement.waiting
    return {token: unpack(record).payments for token, record in ledger.state.parties.items()}


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(PAYMENTS | RATES, min_size=4, max_size=40))
def test_a_correction_leaves_all_as_if_it_had_been_right(steps):
    """Any order of payments, returns and rates out of order, direct and by crosses: equal to the cent."""
    assert settled(written(steps, right=False)) == settled(written(steps, right=True))
