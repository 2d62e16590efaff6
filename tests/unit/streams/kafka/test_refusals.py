"""A refusal is not repeated at once."""

from streams.errors import AuthenticationError
from streams.kafka.connection_faults import Attempt
from streams.kafka.refusals import LONGEST_SECONDS, Refusals

ATTEMPT = Attempt("b:9093", "SASL_SSL", "SCRAM-SHA-512", "ingest")


def test_a_refusal_is_not_repeated_at_once():
    """1, 2, 4 ... 30 s apart; another password is tried at once; a connection forgets it."""
    now = [0.0]
    refusals = Refusals(lambda: now[0])
    fault = AuthenticationError("refused")
    assert refusals.find_reason_to_wait(ATTEMPT, (1,)) is None
    waits = []
    for _ in range(8):
        refusals.note(ATTEMPT, (1,), fault)
        began = now[0]
        while refusals.find_reason_to_wait(ATTEMPT, (1,)) is not None:
            now[0] += 0.5
        waits.append(now[0] - began)
    assert waits == [1, 2, 4, 8, 16, LONGEST_SECONDS, LONGEST_SECONDS, LONGEST_SECONDS]
    refusals.note(ATTEMPT, (1,), fault)
    assert refusals.find_reason_to_wait(ATTEMPT, (1,)) is fault
    assert refusals.newest() is fault
    assert refusals.find_reason_to_wait(ATTEMPT, (2,)) is None
    assert refusals.find_reason_to_wait(ATTEMPT._replace(address="c:9093"), (1,)) is None
    refusals.clear(ATTEMPT)
    assert refusals.find_reason_to_wait(ATTEMPT, (1,)) is None
    assert refusals.newest() is None
