"""The parties of a partition by token: found, renamed after a key rotation, put back.

`parties` is kept in the order in which parties were last touched, so that idle ones stand in front.
"""

from detectors.party import MOST_ALERTED, MOST_PROOFS, MOST_REVERSALS, MOST_VERDICTS, Party, pack, unpack
from detectors.payments import joined


def recall(parties: dict[str, bytes], token: str, previous: dict[str, str]) -> Party:
    """The party of a token, unpacked, or a new one; `parties` is not changed.

    In a key overlap `previous` names the token under the earlier key; what is known under that name belongs to the
    party.
    """
    record = parties.get(token)
    earlier = parties.get(previous[token]) if token in previous else None
    if record is None:
        return Party() if earlier is None else unpack(earlier)
    return unpack(record) if earlier is None else merged(unpack(record), unpack(earlier))


def store(parties: dict[str, bytes], token: str, previous: dict[str, str], party: Party) -> None:
    """Put the party back as the one touched last, under its newest name only."""
    if token in previous:
        parties.pop(previous[token], None)
    parties.pop(token, None)
    parties[token] = pack(party)


def merged(current: Party, earlier: Party) -> Party:
    """One party known under two tokens at once: legal facts of both, learned baselines of the newer name, if any.

    It happens when a record without `previous` came before one with it. Costs a copy of both parties' payments, once.
    """
    current.payments = joined(current, earlier)
    current.first_us = min(current.first_us, earlier.first_us)
    current.last_us = max(current.last_us, earlier.last_us)
    current.party_type = current.party_type or earlier.party_type
    current.baselines = current.baselines or earlier.baselines
    current.proofs = (earlier.proofs + current.proofs)[-MOST_PROOFS:]
    current.reversals = (earlier.reversals + current.reversals)[-MOST_REVERSALS:]
    current.alerted = (earlier.alerted + current.alerted)[-MOST_ALERTED:]
    current.slots = {**earlier.slots, **current.slots}
    current.case = current.case or earlier.case
    current.facts = current.facts or earlier.facts
    current.declarations += earlier.declarations
    current.verdicts = (earlier.verdicts + current.verdicts)[-MOST_VERDICTS:]
    current.aliases = {**earlier.aliases, **current.aliases}
    return current
