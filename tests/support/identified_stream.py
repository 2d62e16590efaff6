"""A simulated stream full of identifiers, in every field that may hold one and in every way that a record may be bad.

The simulator fills ids, accounts, devices and contacts; names (as `x_` fields), contract counterparties and remittance
texts of their own are added here. `needles` are all that must not be found behind the door.
"""

import json
from collections.abc import Callable, Iterator
from typing import Any

from streams.contracts.input_record import DISPOSITIONS, PROFILES, RATES, TRANSACTIONS, InputRecord
from streams.generator import Simulation

PERSONAL = (
    "party_id",
    "party_account",
    "counterparty_id",
    "counterparty_account",
    "contract_counterparty_id",
    "device_id",
    "contact_id",
    "remittance_info",
    "x_remitter_name",
    "reason",
)
# remittance texts of their own a resident: one for each payment would be as many needles as events, for no more proof
TEXTS = 5


class IdentifiedStream:
    """Iterate once, like the simulation; `needles` grows meanwhile.

    `count` is the number of records there will be.
    """

    def __init__(self, seed: int, events: int, bad_share: float = 0.02) -> None:
        self._stream = Simulation(seed=seed, events=events, bad_share=bad_share)
        self.needles: set[str] = set()
        self._numbers: dict[str, int] = {}
        self._template: dict[str, Any] = {}
        self.count = events + len(list(self._bad({}, "count")))
        self.needles.clear()

    def __iter__(self) -> Iterator[InputRecord]:
        for record in self._stream:
            yield self._enriched(record)
        yield from self._bad(self._template, "sent")

    def _enriched(self, record: InputRecord) -> InputRecord:
        try:
            body = json.loads(record.value or b"")
        except ValueError:
            return record
        if not isinstance(body, dict) or record.topic != TRANSACTIONS or b"x_nested" in (record.value or b""):
            # the simulator's own texts are phrases such as "living expenses", which the configuration holds too
            self._collect(
                {name: body[name] for name in body if name != "remittance_info"} if isinstance(body, dict) else {}
            )
            return record
        if record.value is not None and record.value.count(b'"event_id"') == 1:
            number = self._numbers[body["party_id"]] = self._numbers.get(body["party_id"], -1) + 1
            name = f"홍길동 {body['party_id'][-8:]}"
            extra = {"x_remitter_name": name, "remittance_info": f"생활비 living, {name}, note {number % TEXTS}"}
            if number % 10 == 0:
                extra["contract_counterparty_id"] = f"CONTRACT-{body['party_id']}"
            body |= extra
            if not self._template and self._complete(body):
                self._template = dict(body)
            record = record._replace(value=json.dumps(body, ensure_ascii=number % 2 == 0).encode())
        else:
            body.pop("remittance_info", None)
        self._collect(body)
        return record

    @staticmethod
    def _complete(body: dict[str, Any]) -> bool:
        return body.get("device_id") is not None and "status" not in body

    def _collect(self, body: dict[str, Any]) -> None:
        for field in PERSONAL:
            if isinstance(body.get(field), str):
                self.needles.add(body[field])
        related = body.get("related_counterparties")
        self.needles.update(one for one in related or () if isinstance(one, str))

    def _bad(self, template: dict[str, Any], tag: str) -> Iterator[InputRecord]:
        """Records whose faulty part is itself an identifier, each another one."""
        made = _Faulty(template, tag, self.needles)
        yield from _wrong_fields(made)
        yield from _wrong_names_and_keys(made)
        yield from _wrong_texts(made)
        yield from _other_topics(made)


class _Faulty:
    """Makes bad records of a good one, and identifiers for them, which are collected as needles."""

    def __init__(self, template: dict[str, Any], tag: str, needles: set[str]) -> None:
        self.template, self._tag, self._needles, self._number = template, tag, needles, 0

    def identifier(self) -> str:
        """One that no record had before."""
        self._number += 1
        # digits as letters: a lower-case word could pass for the name of a field
        word = "".join(chr(97 + int(digit)) for digit in f"{self._number:04}")
        self._needles.add(f"kimminsu{word}{self._tag}")
        return f"kimminsu{word}{self._tag}"

    def valid(self) -> tuple[str, dict[str, Any]]:
        """A new identifier, and a body that is good as it stands."""
        found = self.identifier()
        return found, self.template | {"event_id": f"bad{self._number}{self._tag}"}

    def record(
        self,
        body: Any,
        key: bytes | None = None,
        topic: str = TRANSACTIONS,
        headers: tuple[tuple[str, bytes], ...] = (),
    ) -> InputRecord:
        """A body, or bytes as they are, under the template's party unless another key is given."""
        value = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        owner = self.template.get("party_id", "").encode() if key is None else key
        return InputRecord(topic, owner, value, -1, headers)


# a text that is too long, no text at all, or not printable
_WRONG: tuple[Callable[[str], Any], ...] = (
    lambda one: one * 20,
    lambda one: {"id": one},
    lambda one: [one],
    lambda one: one + "\x07",
)
_FREE_FIELDS = (
    "party_account",
    "counterparty_id",
    "counterparty_account",
    "contract_counterparty_id",
    "device_id",
    "contact_id",
    "remittance_info",
    "event_id",
    "institution",
)
_BOUND_FIELDS = (
    "direction",
    "party_type",
    "currency",
    "counterparty_country",
    "amount",
    "event_time",
    "goods_due",
    "status",
    "evidence",
    "channel",
    "hs_code",
    "deal_rate",
    "ip_country",
    "purpose",
)


def _wrong_fields(made: _Faulty) -> Iterator[InputRecord]:
    for field in _FREE_FIELDS:
        for wrong in _WRONG:
            who, body = made.valid()
            yield made.record(body | {field: wrong(who)})
    for wrong in _WRONG:
        who, body = made.valid()
        yield made.record(body | {"party_id": wrong(who)}, who.encode())
    for field in _BOUND_FIELDS:
        who, body = made.valid()
        yield made.record(body | {field: who * 3})


def _wrong_names_and_keys(made: _Faulty) -> Iterator[InputRecord]:
    for name in (lambda one: one, lambda one: f"{one} {one}", lambda one: f"amount{one}", lambda one: f"{one}_id"):
        who, body = made.valid()
        yield made.record(body | {name(who): 1})
    who, body = made.valid()
    yield made.record(body, who.encode())
    who, body = made.valid()
    yield made.record(body, b"\xff" + who.encode())


def _wrong_texts(made: _Faulty) -> Iterator[InputRecord]:
    for damage in (
        lambda text: text[:-9],
        lambda text: text + "}",
        lambda text: f'["{text[-40:-3]}"]',
        lambda text: "[" * 40 + text + "]" * 40,
        lambda text: text.replace("{", '{"amount":1,', 1),
    ):
        who, body = made.valid()
        yield made.record(damage(json.dumps(body | {"x_name": who})).encode())
    who, body = made.valid()
    yield made.record(json.dumps(body | {"x_name": who}).encode().replace(who.encode(), who.encode() + b"\xe9"))
    who, body = made.valid()
    yield made.record(body | {"x_name": who * 8_000})
    who, body = made.valid()
    yield made.record(body | {"x_name": [who, {who: who}]}, headers=(("x-customer", who.encode()), (who, b"1")))
    who, body = made.valid()
    yield made.record(body, headers=(("ce_id", who.encode() * 1_000),))


def _other_topics(made: _Faulty) -> Iterator[InputRecord]:
    party = made.template.get("party_id", "")
    profile = {"event_id": "p", "party_id": party, "party_type": "person", "as_of": "2026-05-01T00:00:00Z"}
    for field in ("region", "capital_krw", "registered_on", "size", "employees"):
        yield made.record(profile | {field: made.identifier() * 4}, topic=PROFILES)
    yield made.record(profile | {"related_counterparties": [made.identifier() * 20]}, topic=PROFILES)
    who = made.identifier()
    rate = {"base": who, "quote": "KRW", "mid": "1", "rate_time": "2026-05-01T00:00:00Z"}
    yield made.record(rate, who.encode(), topic=RATES)
    verdict = {
        "event_id": "v",
        "alert_id": "a" * 32,
        "verdict": "refuted",
        "reason": "r",
        "investigator": "i",
        "decided_at": "2026-05-01T00:00:00Z",
    }
    who = made.identifier()
    yield made.record(verdict | {"party": who}, who.encode(), topic=DISPOSITIONS)
    token = f"k1.000.{'0' * 32}"
    yield made.record(verdict | {"party": token, "reason": made.identifier() * 200}, token.encode(), topic=DISPOSITIONS)
    yield made.record(
        verdict | {"party": token, "reason": f"{made.identifier()} said so"}, token.encode(), topic=DISPOSITIONS
    )
