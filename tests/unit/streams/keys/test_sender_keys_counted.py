"""Outcomes of signatures on the metrics page: by institutions that have keys, and by topics."""

from types import SimpleNamespace

from detectors.contracts.alert import Versions
from streams import worker
from streams.contracts.inputs import RATES, TRANSACTIONS
from streams.ingest.door import Admitted
from streams.ingest.run_counts import RunCounts
from streams.keys.sender_keys import OUTCOMES, SenderKeys
from streams.operations.metrics import Metrics
from streams.settings import load_settings
from tests.support.signing import BANKS, signature_of
from tests.unit.streams.keys.test_sender_keys import NOW_MS, admit, sent


def page_after(*answers, institutions=()):
    """The lines of the metric after a run with these outcomes, those of 0 left out."""
    versions = Versions(code="", config="", detectors="", rules="")
    metrics = Metrics(
        partitions=1,
        desks=[],
        typologies=[],
        topics=[],
        codes=[],
        detectors=[],
        versions=versions,
        institutions=institutions,
    )
    counts = RunCounts()
    for answer in answers:
        if isinstance(answer, Admitted):
            counts.admit(SimpleNamespace(topic=TRANSACTIONS, timestamp=NOW_MS), answer)
        else:
            counts.reject(answer)
    counts.publish(metrics, "ingest", [])
    lines = [line for line in metrics.page().decode().splitlines() if line.startswith("fxwatch_sender_proofs_total{")]
    return [line for line in lines if not line.endswith(" 0.0")], lines


def test_outcomes_are_counted_by_institutions_that_have_keys_and_by_topics():
    """No name that somebody made up becomes a label; every series is there from the start, so that a rate is right."""
    senders = SenderKeys(BANKS.keys, [TRANSACTIONS])
    own, record = sent(), sent(institution="MADEUP")
    answers = [
        admit(own, signature_of(*own), senders),
        admit(own, [], senders),
        admit(record, [], senders),
        admit(sent(amount="x"), [], senders),
        admit(sent(RATES), [], senders),
    ]
    counted, lines = page_after(*answers, institutions=senders.institutions)
    assert counted == [
        'fxwatch_sender_proofs_total{institution="SHBKKRSE",outcome="proven"} 1.0',
        'fxwatch_sender_proofs_total{institution="SHBKKRSE",outcome="signature.missing"} 1.0',
        'fxwatch_sender_proofs_total{institution="fx.transactions.v1",outcome="signature.no_key"} 1.0',
    ]
    assert len(lines) == len(OUTCOMES) * (1 + 5 + 1)  # the institution, the topics, `other`
    assert page_after()[0] == []


def test_a_worker_shows_each_institution_that_has_keys_from_its_start():
    """Before the first record: the increase of a series that begins with 1 is 0."""
    line = 'fxwatch_sender_proofs_total{institution="SHBKKRSE",outcome="signature.wrong"} 0.0'
    shown = [line in worker._metrics(load_settings(), 12, some).page().decode() for some in (BANKS, None)]
    assert shown == [True, False]
