"""The parties of a partition by token: found, renamed after a key rotation, put back.

`parties` is kept in the order in which parties were last touched, so that idle ones stand in front. A renamed party is
found under its former token too, for as long as an idle party is remembered: workers restarted one by one still write
the old token for a while, and a verdict names the token that its alert showed.
"""

from itertools import islice

from detectors.books import accounting, due_dates, folded_payments, reversals, trade_ledger
from detectors.books.party import MOST_ALERTED, MOST_ALIASES, MOST_FORMERS, Facts, Party, newest_unusual, pack, unpack
from detectors.books.party_type import joined_words, stricter
from detectors.books.payments import joined
from detectors.books.proofs import newest_proofs
from detectors.memory import grounds, verdicts
from detectors.memory.item_news import keeping
from detectors.memory.quarantine import joined_held
from detectors.memory.state import PartitionState
from detectors.values.shares import OTHERS


def recall(state: PartitionState, token: str, previous: dict[str, str]) -> Party:
    """The party of a token, unpacked, or a new one; the state is not changed.

    In a key overlap `previous` names the token under the earlier key; what is known under that name belongs to the
    party. Without it, a token that was renamed stands for the party under its newer name.
    """
    name, former = _names(state, token, previous)
    record = state.parties.get(name)
    earlier = None if former is None else state.parties.get(former)
    if record is None:
        return Party() if earlier is None else unpack(earlier)
    if earlier is None:
        return unpack(record)
    current, other = unpack(record), unpack(earlier)
    owner = state.shares.owner(current.owner, other.owner)
    found = merge(current, other)
    found.owner = owner
    if other.trade and state.effective is not None:
        trade_ledger.join(found, other, keeping(state, state.effective, token, 0))
    return found


def store(state: PartitionState, token: str, previous: dict[str, str], party: Party, sender: str = OTHERS) -> None:
    """Put the party back as the one touched last, under its newest name only, and remember its former name.

    `sender` is the share of whoever told of it; the party may become one of its own (shares.py). Where there are too
    many, others are forgotten.
    """
    name, former = _names(state, token, previous)
    if former is not None:
        formers = dict.fromkeys((*party.formers, previous[token], former))
        party.formers = [one for one in formers if one != name][-MOST_FORMERS:]
        state.parties.pop(former, None)
        state.wakes.note(former, None)
        state.restatement.rename(former, name)
        state.renamed.pop(name, None)
        state.rename(former, name, party.last_us)
        if previous[token] != former:
            state.rename(previous[token], name, party.last_us)
    party.owner = state.shares.owner(party.owner, sender)
    state.parties.put(name, pack(party), party.owner)
    state.wakes.note(name, due_dates.earliest_us(party.due))
    state.forget_parties(party.owner)


def _names(state: PartitionState, token: str, previous: dict[str, str]) -> tuple[str, str | None]:
    """The name a token's party is kept under, and another one it is to be taken from (None outside overlaps).

    Of two workers one may be a rotation behind: its newest name is the other's earlier one, and the party stays under
    the newest. A record that calls the newest name the earlier one says that the operators went back to the old key.
    """
    earlier = previous.get(token)
    # a name that stood for itself would never come to an end
    if earlier is None or earlier == token:
        return state.newest_name(token), None
    name = token
    while name in state.renamed:
        name = state.renamed[name][0]
        if name == earlier:
            return token, earlier
    former = state.newest_name(earlier)
    return name, earlier if former == name else former


def _newest(earlier: dict[int, int], current: dict[int, int]) -> dict[int, int]:
    """Both tables, the current one last, cut to the newest `MOST_ALIASES`."""
    both = {number: known for number, known in earlier.items() if number not in current} | current
    return dict(islice(both.items(), max(len(both) - MOST_ALIASES, 0), None))


def _newer_facts(current: Party, earlier: Party) -> Facts | None:
    """The newer profile, as where both come under one name.

    Failure prevented: a profile of years ago came under the new name alone and called the party a bank; yesterday's,
    known under the former name, was forgotten, and no rule for persons asked any more.
    """
    if current.facts is None or earlier.facts is None:
        return current.facts or earlier.facts
    return earlier.facts if earlier.facts.as_of_us > current.facts.as_of_us else current.facts


def merge(current: Party, earlier: Party) -> Party:
    """One party known under two tokens at once: legal facts of both, learned baselines of the newer name, if any.

    It happens when a record without `previous` came before one with it. Costs a copy of both parties' payments, once.
    """
    current.payments, restated = joined(current, earlier)
    current.restated = accounting.kept(restated)
    current.folded = folded_payments.join(current, earlier)
    current.first_us = min(current.first_us, earlier.first_us)
    current.last_us = max(current.last_us, earlier.last_us)
    current.formers = list(dict.fromkeys(earlier.formers + current.formers))[-MOST_FORMERS:]
    current.party_type = stricter(current.party_type, earlier.party_type)
    current.words = joined_words(current, earlier)
    current.baselines = current.baselines or earlier.baselines
    current.proofs = newest_proofs(earlier.proofs + current.proofs)
    current.reversals = reversals.kept(current, earlier.reversals + current.reversals)
    current.alerted = (earlier.alerted + current.alerted)[-MOST_ALERTED:]
    current.due = due_dates.joined(current.due, earlier.due)
    current.slots = {**earlier.slots, **current.slots}
    current.case = current.case or earlier.case
    current.facts = _newer_facts(current, earlier)
    current.declarations += earlier.declarations
    current.verdicts = verdicts.kept(earlier.verdicts + current.verdicts)
    current.raised = verdicts.kept_alerts(earlier.raised + current.raised)
    current.grounds = grounds.kept(earlier.grounds + current.grounds)
    current.held = joined_held(earlier.held, current.held)
    current.taught = max(earlier.taught, current.taught)
    current.unusual = newest_unusual(earlier.unusual + current.unusual)
    current.aliases = _newest(earlier.aliases, current.aliases)
    current.settlements = _newest(earlier.settlements, current.settlements)
    return current
