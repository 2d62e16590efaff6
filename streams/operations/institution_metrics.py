"""The metrics that have a label for the reporting institution (bounded: streams/operations/institution_counter.py)."""

from collections.abc import Iterable
from typing import NamedTuple

from prometheus_client import CollectorRegistry

from detectors.books.accounting import JOINS
from streams.contracts.inputs import DECLARATIONS, DISPOSITIONS, PROFILES, RATES, TRANSACTIONS
from streams.keys.sender_keys import OUTCOMES
from streams.operations.institution_counter import InstitutionCounter
from streams.operations.sender_words import UNCOUNTED, WORDS


class InstitutionMetrics(NamedTuple):
    """Named as on the page, without `fxwatch_`."""

    payment_joins: InstitutionCounter
    sender_words: InstitutionCounter
    sender_proofs: InstitutionCounter


def institution_metrics(registry: CollectorRegistry, named: Iterable[str]) -> InstitutionMetrics:
    """The metrics on a registry; `named` institutions have their places from the start."""
    named = tuple(named)
    joins = InstitutionCounter(
        "payment_joins",
        "Events that share a payment's id. payment.reused: disagrees, so another payment; payment.restated: said "
        "anew; reversal.mismatched: nothing taken back; reversal.foreign: of another institution's payment.",
        "join",
        JOINS,
        registry,
        named,
    )
    words = InstitutionCounter(
        "sender_words",
        "Payments by what their institution merely says of them, payments. event: all; exempt: no documents asked; "
        "reported: a report number; bank: the party is a bank; history: loaded; noted: a field was mended or left "
        "out at the door; type_differs: another type of the party than it is known by; late: in no legal total; "
        "rate_missing: worth 0 USD; new_party: the first of its party.",
        "word",
        (*WORDS, *UNCOUNTED),
        registry,
        named,
    )
    # the institutions that have keys are among the named ones, so that nothing else ever becomes a label here
    senders = (*named, TRANSACTIONS, DECLARATIONS, RATES, PROFILES, DISPOSITIONS)
    proofs = InstitutionCounter(
        "sender_proofs",
        "Records whose sender must prove them, by the institution in whose name they are, where it has keys, else by "
        "topic, and by what came of them, records. proven: admitted; signature.missing, signature.malformed, "
        "signature.wrong, signature.expired, signature.no_key: dead letters.",
        "outcome",
        OUTCOMES,
        registry,
        senders,
    )
    # with 0 from the start: the increase of a series that begins with 1 is 0, so the first forgery would raise no alert
    proofs.add({(outcome, sender): 0 for outcome in OUTCOMES for sender in senders})
    return InstitutionMetrics(joins, words, proofs)
