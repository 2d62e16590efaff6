"""Which planted cases of a simulated stream were found, and which could not be."""

from collections.abc import Iterable

from detectors.contracts.alert import Alert
from streams.generator import Simulation
from streams.keys.pseudonyms import Keys


def missed_cases(simulation: Simulation, keys: Keys, alerts: Iterable[Alert], *, by_due: bool) -> list[str]:
    """Planted cases without an alert of their typology, for their party, that one of their events raised.

    `by_due`: the alert must have come at the event that is due to raise it at the latest. That needs each payment's
    rates before it; a stream sent faster than life, a day in some 0.2 s, has that only as far as ingest keeps time
    order.
    """
    raised = {(hit.id, alert.party, alert.trigger_event_id) for alert in alerts for hit in alert.typologies}
    missed = []
    for case in simulation.truth.of("case"):
        events = case["event_ids"]
        in_time = events[: events.index(case["due_event_id"]) + 1] if by_due else events
        party = keys.party(case["party_id"]).token
        if not any((case["typology"], party, event_id) in raised for event_id in in_time):
            missed.append(case["case_id"])
    return missed


def excused_cases(simulation: Simulation, without_rate: set[str]) -> list[str]:
    """Planted cases that late rates may hide (`without_rate`: events scored without one, from the ledger's replay).

    Days of a squeezed stream pass in a second: where a worker stood still that long, payments of its peers come before
    their rates, and the contract has them scored without a value (docs/TIME.md, what the order of arrival may change).
    A case one of whose own events was is excused; so is any of T16, which compares with the last rate there is, up to
    26 hours old.
    """
    return [
        case["case_id"]
        for case in simulation.truth.of("case")
        if without_rate and (case["typology"] == "T16" or without_rate.intersection(case["event_ids"]))
    ]
