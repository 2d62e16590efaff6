"""What officers decided about a party before: confirmed and refuted alerts, each counting half after half a year."""

from collections.abc import Iterable

# An offence of a party is rarely its last, and a cleared habit rarely goes; half a year is our judgement.
HALF_LIFE_US = 182 * 86_400 * 1_000_000
_COUNTED = ("confirmed", "refuted")


def faded_verdicts(verdicts: Iterable[tuple[bytes, str, int]], at_us: int) -> tuple[float, float]:
    """The faded numbers of alerts that were confirmed and that were refuted, as known at an event time (us).

    `verdicts` are (alert, verdict, decided at, us). An alert counts once, whatever number of officers agree; what is
    dated later than `at_us` counts whole. Cost: 1 us a verdict.
    """
    newest: dict[tuple[bytes, str], int] = {}
    for alert, verdict, decided_us in verdicts:
        if verdict in _COUNTED:
            newest[alert, verdict] = max(decided_us, newest.get((alert, verdict), decided_us))
    found = dict.fromkeys(_COUNTED, 0.0)
    # in order of time, so that the sum does not depend on the order of what is kept
    for (_, verdict), decided_us in sorted(newest.items(), key=lambda each: (each[1], each[0])):
        found[verdict] += 0.5 ** (max(at_us - decided_us, 0) / HALF_LIFE_US)
    return found["confirmed"], found["refuted"]
