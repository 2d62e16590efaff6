"""A ledger as it would stand had the keys never been rotated, and what two runs must have alike but for names.

The interleaving of sources differs between two runs of ingest, so a rotated run is compared with its own ledger under
the old names: then everything must be equal, the chosen alerts of the budget included.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import msgspec

from detectors.alerting.unusual import SLOT, Told
from detectors.books.party import Party, unpack
from detectors.contracts.alert import Alert
from detectors.memory.grounds import HEAD_BYTES, Grounds
from detectors.memory.quarantine import HeldPayment
from detectors.memory.state import PartitionState
from streams.ledger import envelope

_TOKEN = re.compile(r"\b[a-z0-9]{1,16}\.[0-9a-f]{3}\.[0-9a-f]{32}\b")


def former_names(records: Iterable[Any]) -> dict[str, str]:
    """Newer token -> its token under the earliest key, from all records that carry both."""
    found: dict[str, str] = {}
    for record in records:
        found |= json.loads(record.value).get("previous", {})
    return {newer: _earliest(found, older) for newer, older in found.items()}


def _earliest(found: Mapping[str, str], token: str) -> str:
    while token in found:
        token = found[token]
    return token


def under_old_names(record: Any, former: Mapping[str, str]) -> Any:
    """A ledger record as ingest would have written it without the rotation; offset, headers and time are the same."""
    body = json.loads(renamed(record.value.decode(), former))
    body.pop("previous", None)
    if (fingerprints := body.pop("former", None)) is not None:
        body["identity"], body["body"] = fingerprints
    value = json.dumps(body, ensure_ascii=False).encode()
    headers = [header for header in record.headers if header[0] != envelope.CHECK]
    return SimpleNamespace(
        value=value,
        key=record.key,
        offset=record.offset,
        headers=envelope.checked(headers, value),
        timestamp=record.timestamp,
    )


def renamed(text: str, former: Mapping[str, str]) -> str:
    """The text with every token replaced by its earliest name."""
    return _TOKEN.sub(lambda found: former.get(found[0], found[0]), text)


def without_names(alerts: Sequence[Alert], former: Mapping[str, str]) -> list[dict[str, Any]]:
    """Alerts under old names; ids of alerts and cases, which are hashes of names, become those of the first place."""
    places: dict[str, str] = {}
    for alert in alerts:
        place = f"{alert.position.partition}/{alert.position.offset}"
        places[alert.alert_id] = f"alert {place}"
        places.setdefault(alert.case_id, f"case {place}")
    shown = []
    for alert in alerts:
        body = json.loads(renamed(msgspec.json.encode(alert).decode(), former))
        for field in ("alert_id", "case_id", "supersedes"):
            body[field] = body[field] and places[body[field]]
        shown.append(body)
    return shown


def parties_without_names(state: PartitionState, former: Mapping[str, str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each party's whole record under its earliest name, but its other names, and ids, which are hashes of names."""
    for token, record in sorted(state.parties.items()):
        yield former.get(token, token), _comparable(unpack(record))


def _comparable(party: Party) -> dict[str, Any]:
    body: dict[str, Any] = msgspec.structs.asdict(party)
    del body["aliases"], body["formers"]
    body["alerted"] = [(one.typology, one.series, one.size, one.time_us) for one in party.alerted]
    # a token's hash, which a key rotation changes; evidence shows it, no rule reads it
    body["proofs"] = [msgspec.structs.replace(one, counterparty=b"") for one in party.proofs]
    # the ids of its unusual payments' alerts, too
    told = (
        [
            msgspec.structs.replace(one, alert_id="", case_id="")
            for one in msgspec.msgpack.decode(party.slots[SLOT], type=list[Told])
        ]
        if SLOT in party.slots
        else []
    )
    body["slots"] = {**party.slots, SLOT: told}
    body["case"] = party.case and party.case[1]
    body["raised"] = len(party.raised)
    # behind the ids of alert and case, which are hashes of names
    grounds = [msgspec.msgpack.decode(one[HEAD_BYTES:], type=Grounds) for one in party.grounds]
    body["grounds"] = [msgspec.structs.replace(one, case_id="") for one in grounds]
    held = [msgspec.msgpack.decode(one, type=HeldPayment) for one in party.held]
    body["held"] = [
        (one.first, one.held_us, len(one.alerts), msgspec.structs.replace(one.view, counterparty="")) for one in held
    ]
    body["verdicts"] = [(one.officer, one.verdict, one.decided_us) for one in party.verdicts]
    return body
