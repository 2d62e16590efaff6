"""One resident party's record: all that is remembered of it, as one packed, immutable byte string.

It is unpacked at the party's event and packed again after it. Packed records make a snapshot's copy of all parties
cheap.
"""

import hashlib
from collections.abc import Sequence
from datetime import date

import msgspec

from detectors.books.proofs import Proof, newest_proofs
from detectors.contracts.events import Register, Residency
from detectors.values.shares import OTHERS

# Failure prevented: a sender with ever new names, reversals or verdicts must not make one party's record grow for ever.
# 2 048 payments of as many purposes and institutions each, and all currencies; beyond it names in use alone are kept
MOST_NAMES = 4608
# rows keep the number of a name in 16 bits
NAME_NUMBERS = 2**16
# each fairly cut (shares.py) among the institutions that sent them
MOST_REVERSALS = 64
MOST_RESTATED = 64
# one for each alert known, at least
MOST_VERDICTS = 256
MOST_ALERTED = 20
# Institutions of which an alerted series knows how much came from each, as many as get a share at once (shares.py);
# one that is forgotten alerts again. Failure prevented: with eight places, payments under eight made-up names muted
# what another bank's payments of the party showed. 20 bytes each.
MOST_PARTS = 64
# alerts of a party on which a verdict still counts; 24 bytes each
MOST_RAISED = 256
# Alerts of a party of which it is kept what they were raised on, the newest; some 250 bytes each. A verdict on an older
# one counts and teaches nothing: few parties have as many that nobody decided.
MOST_GROUNDS = 32
# Payments of a party whose first word raised a statistical alert, the newest; 8 bytes each. A second institution's word
# comes within `accounting.RESTATED_DAYS`, and a partition has a few such alerts a day.
MOST_UNUSUAL = 64
# Payments of a party that the models do not learn from yet, the newest; some 250 bytes each. It takes 8 to prove a real
# change (memory/quarantine.py).
MOST_HELD = 32
MOST_ALIASES = 1000
# Counterparties that a profile relates to its party, 9 bytes each, the first ones; the ledger has all. No rule reads
# them yet. Failure prevented: 4 096 of each made-up party were 37 KB, where a party that pays once has 0.6.
MOST_RELATED = 256
# Former tokens of a party, one a key rotation; they lead to it for 435 days.
MOST_FORMERS = 8
_EVENT_BYTES = 8


class Reversal(msgspec.Struct, frozen=True, array_like=True):
    """A return or cancellation.

    It is kept, because its payment, or the settlement that replaces the amount, may come later. `original` and
    `payment` are the numbers of the event and of the payment that it names, `taken` that of the first event of the one
    payment that it took back from, 0 while it waits; `took` (over 10 ** `took_exponent`) and `took_usd` say how much.
    """

    original: int
    payment: int
    time_us: int
    whole: bool
    outbound: bool
    mantissa: int
    exponent: int
    currency: str
    institution: str
    beneficiary: int
    taken: int = 0
    took: int = 0
    took_exponent: int = 0
    took_usd: int = 0


class Given(msgspec.Struct, frozen=True, array_like=True):
    """A verdict that counts: the alert's id as 16 bytes, the number of its officer, what was decided and when."""

    alert: bytes
    officer: int
    verdict: str
    decided_us: int


class Restated(msgspec.Struct, frozen=True, array_like=True):
    """What was said of a payment before it was said anew, as a packed row (payments.py).

    `first` is the payment's first event. `standing` is the event that took the place of this row, 0 where the earlier
    one stands and this row was the newcomer. It is put back when the id proves to name several payments.
    """

    first: int
    standing: int
    row: bytes


class Alerted(msgspec.Struct, frozen=True, array_like=True):
    """What a typology last alerted on: its series, how large it was then, and the alert and case it belongs to.

    `parts` is how much of it came from each institution, by name, as far as `MOST_PARTS` go. `desks` are all that got
    an alert of the series since it began; `strength` (0-1), `at_risk` (USD cents) and `ground` (legal_ground.py; empty
    where an earlier release alerted) are what the last one said.
    """

    typology: str
    series: str
    size: int
    time_us: int
    alert_id: str
    case_id: str
    parts: dict[str, int] = {}
    desks: tuple[str, ...] = ()
    strength: float = 0.0
    at_risk: int = 0
    ground: str = ""


class Facts(msgspec.Struct, frozen=True, array_like=True):
    """The newest profile of the party (CONTRACT fx.profiles.v1), by its `as_of`.

    `party_type`: see party_type.py. `register` and `residency` are None where the profile does not say.
    """

    as_of_us: int
    registered_on: date | None
    capital_krw: str | None
    turnover_krw: str | None
    industry_code: str | None
    size: str | None
    employees: int | None
    region: str | None
    related: tuple[int, ...]
    party_type: str = ""
    register: Register | None = None
    residency: Residency | None = None


class Party(msgspec.Struct, array_like=True):
    """A resident party. Times are event times in microseconds since 1970.

    `owner` is the share that it takes a place in (parties.py), `formers` the tokens that it was known by before key
    rotations, `due` its open due dates (due_dates.py).
    `payments` are packed rows (payments.py); `baselines` belong to the features; `slots` hold each
    typology's own state; `names` are the purposes, institutions and currencies that rows refer to by number; `aliases`
    map the hash of a counterparty's newer token to the hash it had before a key rotation, `settlements` that of a
    settlement to its payment's first event. The two are apart: a thousand settlements must not make regular
    counterparties look new.
    `folded` is what is left of payments beyond those kept as rows (folded_payments.py), empty for nearly every party.
    `restated` is what payments said before they were said anew (accounting.py), `raised` the ids of the party's newest
    alerts (verdicts.py). `words` are the types and residencies that each institution gave the party, as bits
    (party_type.py, residency.py); `party_type` is the strictest of them. `unusual` are the first events of payments
    that raised a statistical alert, 8 bytes each, so that each raises one at most. `trade` is the trade ledger
    (trade_book.py), empty for nearly all. `grounds` are what its newest alerts were raised on (memory/grounds.py).
    `held` are payments that the models do not learn from yet, `taught` the period of 30 days in which others last
    learned from the party, from how many payments, and from how many strange ones (memory/quarantine.py).
    """

    party_type: str = ""
    first_us: int = 0
    last_us: int = 0
    owner: str = OTHERS
    formers: list[str] = []
    due: dict[str, bytes] = {}
    payments: bytes = b""
    baselines: bytes = b""
    slots: dict[str, bytes] = {}
    names: list[str] = []
    proofs: list[Proof] = []
    reversals: list[Reversal] = []
    alerted: list[Alerted] = []
    case: tuple[str, int] | None = None
    facts: Facts | None = None
    declarations: int = 0
    verdicts: list[Given] = []
    aliases: dict[int, int] = {}
    settlements: dict[int, int] = {}
    restated: list[Restated] = []
    folded: bytes = b""
    raised: bytes = b""
    words: dict[str, int] = {}
    unusual: bytes = b""
    trade: bytes = b""
    grounds: list[bytes] = []
    held: list[bytes] = []
    taught: tuple[int, int, int] = (0, 0, 0)

    def name_number(self, name: str) -> int:
        """The number of a name in `names`, added when new.

        The last of 65 536 places stands for all further names; `payments.forget_names` keeps a party far below that.
        """
        try:
            return self.names.index(name)
        except ValueError:
            if len(self.names) < NAME_NUMBERS:
                self.names.append(name)
            return len(self.names) - 1

    def name_numbers(self, names: Sequence[str]) -> list[int]:
        """As `name_number` for each of many names, without a search through all of them for each."""
        # of a name that stands twice the first place counts, which comes last here
        known = dict(zip(reversed(self.names), reversed(range(len(self.names))), strict=True))
        new = [name for name in dict.fromkeys(names) if name not in known][: NAME_NUMBERS - len(self.names)]
        known |= {name: number for number, name in enumerate(new, len(self.names))}
        self.names += new
        return [known.get(name, NAME_NUMBERS - 1) for name in names]

    def canonical(self, token: str, previous: dict[str, str]) -> int:
        """The hash by which a counterparty is known here, the same before, during and after a key rotation.

        A record of the overlap names the token under the previous key too: then the earlier hash stays in use, and is
        remembered for the time after the overlap. A counterparty that this party did not pay in the overlap is new
        after it.
        """
        number = token_number(token)
        known = self.known_as(token, previous)
        if known != number:
            _remember(self.aliases, number, known)
        return known

    def known_as(self, token: str, previous: dict[str, str]) -> int:
        """As `canonical`, without remembering anything."""
        number = token_number(token)
        earlier = previous.get(token)
        if earlier is not None and number not in self.aliases:
            number = token_number(earlier)
        return self.aliases.get(number, number)

    def settle(self, settlement: int, first: int) -> None:
        """Know an event of a payment as its first event."""
        if settlement != first:
            _remember(self.settlements, settlement, self.first_event(first))

    def first_event(self, event: int) -> int:
        """The first event of the payment that this one belongs to, as far as it is known."""
        return self.settlements.get(event, event)

    def remember_unusual(self, first: int) -> None:
        """A payment, by its first event, raised a statistical alert."""
        self.unusual = newest_unusual(self.unusual + first.to_bytes(_EVENT_BYTES))

    def was_unusual(self, first: int) -> bool:
        """Whether the payment of this first event raised a statistical alert, as far as it is remembered."""
        wanted = first.to_bytes(_EVENT_BYTES)
        starts = range(0, len(self.unusual), _EVENT_BYTES)
        return any(self.unusual[start : start + _EVENT_BYTES] == wanted for start in starts)

    def remember_proof(self, proof: Proof) -> None:
        """Keep what names an event of the party, for the newest `MOST_PROOFS` that an alert may have to show.

        Pieces have as many places of their own, lines of declarations too, and each institution its share. Failure
        prevented: fifty payments of a cent, or fifty pieces of another bank, and the alert on a split could name none
        of its pieces.
        """
        if any(kept.offset == proof.offset for kept in self.proofs):
            return
        self.proofs = newest_proofs([*self.proofs, proof])


def newest_unusual(packed: bytes) -> bytes:
    """The newest `MOST_UNUSUAL` of these payments."""
    return packed[-MOST_UNUSUAL * _EVENT_BYTES :]


def _remember(aliases: dict[int, int], number: int, known_as: int) -> None:
    """Put an alias last; beyond `MOST_ALIASES` the one that was used longest ago goes."""
    aliases.pop(number, None)
    aliases[number] = known_as
    if len(aliases) > MOST_ALIASES:
        del aliases[next(iter(aliases))]


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Party)


def pack(party: Party) -> bytes:
    """The record as bytes. Cost: about 2 us for a party of ten payments."""
    return _encoder.encode(party)


def unpack(record: bytes) -> Party:
    """The party behind a record. Raises `msgspec.DecodeError` for damaged bytes."""
    return _decoder.decode(record)


class _Seen(msgspec.Struct, array_like=True):
    """The first fields of a party's record; the rest is passed over."""

    party_type: str
    first_us: int
    last_us: int
    owner: str
    formers: list[str]
    due: dict[str, bytes]


_seen_decoder = msgspec.msgpack.Decoder(_Seen)


def last_seen(record: bytes) -> int:
    """Event time (us) of the party's newest event, without unpacking the rest: 1 us however long the record."""
    return _seen_decoder.decode(record).last_us


def owner_of(record: bytes) -> str:
    """The share that a party takes a place in (parties.py), at the same cost."""
    return _seen_decoder.decode(record).owner


def formers_of(record: bytes) -> list[str]:
    """The tokens that a party was known by before key rotations, the newest last, at the same cost."""
    return _seen_decoder.decode(record).formers


def due_of(record: bytes) -> dict[str, bytes]:
    """A party's open due dates (due_dates.py), at the same cost."""
    return _seen_decoder.decode(record).due


_OWNER, _FACTS, _WORDS = map(Party.__struct_fields__.index, ("owner", "facts", "words"))
_fields_decoder = msgspec.msgpack.Decoder(list[msgspec.Raw])
_words_decoder = msgspec.msgpack.Decoder(dict[str, int])
_NIL = msgspec.msgpack.encode(None)


def told_by(record: bytes) -> tuple[list[str], bool]:
    """The institutions that told of a party, and whether it has a profile. Cost: 2 us, and more for a long record."""
    fields = _fields_decoder.decode(record)
    return list(_words_decoder.decode(fields[_WORDS])), bytes(fields[_FACTS]) != _NIL


def owned_by(record: bytes, owner: str) -> bytes:
    """The record with another owner, at the same cost."""
    fields = _fields_decoder.decode(record)
    fields[_OWNER] = msgspec.Raw(msgspec.msgpack.encode(owner))
    return msgspec.msgpack.encode(fields)


def token_number(text: str) -> int:
    """A 64-bit hash that is the same in every process (Python's own is salted)."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")
