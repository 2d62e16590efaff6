"""Counts by institution: named where the name is a code, bounded whatever senders write."""

from prometheus_client import CollectorRegistry, generate_latest

from streams.operations.institution_counter import MOST_INSTITUTIONS, InstitutionCounter
from tests.support.pipeline import TRANSACTION, Pipeline


def page(counts):
    registry = CollectorRegistry()
    counter = InstitutionCounter("joins", "Text.", "join", ["payment.reused"], registry)
    for each in counts:
        counter.add(each)
    lines = generate_latest(registry).decode().splitlines()
    return [line for line in lines if line.startswith("fxwatch_joins_total")]


def test_institutions_are_named_and_strangers_counted_together():
    """A BIC is shown; a sentence, an empty text and a name of markup are `other`."""
    bad = {("payment.reused", name): 1 for name in ("Hong Gil-dong of Seoul", "", 'x"} 1\nfake 7', "예금주")}
    shown = page([{("payment.reused", "HNBNKRSE"): 3}, bad, {("payment.reused", "HNBNKRSE"): 2}])
    assert shown == [
        'fxwatch_joins_total{institution="other",join="payment.reused"} 4.0',
        'fxwatch_joins_total{institution="HNBNKRSE",join="payment.reused"} 5.0',
    ]


def test_made_up_institutions_do_not_grow_the_page():
    """10 000 names: the first 64 have a line, the rest one together, and nothing is lost."""
    shown = page([{("payment.reused", f"BANK{number}"): 1} for number in range(10_000)])
    assert len(shown) == MOST_INSTITUTIONS + 1
    assert sum(float(line.rpartition(" ")[2]) for line in shown) == 10_000


def test_a_run_of_the_monitor_tells_which_bank_reuses_ids():
    """Through the door and the monitor's core: three payments under one id, the second a restatement."""
    pipeline = Pipeline()
    for number in range(3):
        pipeline.send("fx.transactions.v1", TRANSACTION | {"event_id": f"E{number}", "payment_id": "REF-1"})
    assert dict(pipeline.core.tally.joins) == {
        ("payment.restated", TRANSACTION["institution"]): 1,
        ("payment.reused", TRANSACTION["institution"]): 1,
    }
