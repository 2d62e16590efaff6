"""Whatever order legs come in, a node says the same of them; and saved and loaded it goes on as it was."""

from hypothesis import given
from hypothesis import strategies as st

from detectors.books.party import unpack
from detectors.books.payments import rows
from detectors.shared import nodes
from detectors.shared.core import apply
from detectors.shared.state import SharedState
from tests.support.ledger import START, later
from tests.support.leg_log import PAYEE, LegLog

# payments of residents: amount, whether it was ordered first, how much of it came back
PAYMENTS = st.lists(
    st.tuples(st.integers(0, 3), st.integers(10, 5_000), st.booleans(), st.sampled_from((0, 10, 100))),
    min_size=1,
    max_size=8,
)


def events_of(paid: list[tuple[int, int, bool, int]]) -> list[tuple[str, dict[str, object]]]:
    """Each payment's events, in their order: order, settlement, return."""
    found: list[tuple[str, dict[str, object]]] = []
    for number, (who, amount, ordered, back) in enumerate(paid):
        given = {"who": who, "payment_id": f"p{number}"}
        if ordered:
            found.append((f"o{number}", given | {"at": later(hours=number), "amount": "3", "status": "ordered"}))
            found[-1][1]["amount"] = str(amount + amount // 3)
        found.append((f"s{number}", given | {"at": later(hours=number + 1), "amount": str(amount)}))
        if back:
            more = {"status": "returned", "original_event_id": f"s{number}"}
            part = str(max(amount * back // 100, 1))
            found.append((f"r{number}", given | more | {"at": later(days=2, hours=number), "amount": part}))
    return found


def log_of(events: list[tuple[str, dict[str, object]]]) -> LegLog:
    """The events' legs, applied in this order."""
    log = LegLog()
    log.rate(START)
    for name, said in events:
        fields = dict(said)
        log.pay(name, fields.pop("at"), fields.pop("amount"), fields.pop("who"), **fields)  # type: ignore[arg-type]
    return log


def told(log: LegLog) -> list[tuple[str, int, int]]:
    """Who paid when and how much, as it counts."""
    node = unpack(log.state.parties[PAYEE])
    known, found = nodes.residents_of(node), rows(node)
    columns = (found[name].tolist() for name in ("beneficiary", "time", "usd"))
    return sorted((known[who], time, usd) for who, time, usd in zip(*columns, strict=True))


@given(PAYMENTS, st.randoms(use_true_random=False))
def test_no_order_of_arrival_changes_a_node(paid, chance):
    """Amounts settled less what came back, at the time of the first event."""
    events = events_of(paid)
    mixed = list(events)
    chance.shuffle(mixed)
    assert told(log_of(mixed)) == told(log_of(events))


@given(PAYMENTS, st.integers(1, 30))
def test_saved_and_loaded_anywhere_the_digest_is_the_same(paid, cut):
    """And legs that come again after the load change nothing but the count of them."""
    log = log_of(events_of(paid))
    state = SharedState.new(3)
    for number, (record, origin) in enumerate(log.log):
        apply(state, record, origin)
        if number == cut:
            state = SharedState.thaw(state.freeze().sections())
    assert state.freeze().digest() == log.state.freeze().digest()
