"""The corpus: messages written from the standards' documentation, each with its right conversion beside it.

tests/formats/corpus/README.md says how a pair of files is made.
"""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from streams.contracts.input_record import ArrivedRecord
from streams.contracts.inputs import TRANSACTIONS
from streams.ingest.door import Admitted, Door, Rejected
from streams.ingest.formats import Parameters, convert
from streams.ingest.formats.conversion import Syntax
from streams.ingest.formats.parameters import parameters
from streams.ingest.formats.record import make_headers
from streams.keys.pseudonyms import development_keys
from tests.support.repository import ROOT

CORPUS = ROOT / "tests" / "formats" / "corpus"
SYNTAX: dict[str, Syntax] = {".fin": "fin", ".xml": "xml"}
MESSAGES = sorted(path for path in CORPUS.iterdir() if path.suffix in SYNTAX)
KEYS = {"about", "parameters", "timestamp", "payments", "transactions", "faults", "mapped", "unmapped"}
NEEDED = {"about", "parameters", "transactions", "faults"}
# where a case names no time of sending: after every date of the corpus
TIMESTAMP = "2026-12-31T00:00:00+00:00"


def expected_of(message: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(message.with_suffix(".json").read_bytes())
    assert told.keys() >= NEEDED, "a case says at least these"
    assert told.keys() <= KEYS, "and nothing else than the README says"
    return told


def timestamp_ms(told: dict[str, Any]) -> int:
    return int(datetime.fromisoformat(told.get("timestamp", TIMESTAMP)).timestamp() * 1000)


@pytest.mark.parametrize("message", MESSAGES, ids=lambda path: path.name)
def test_a_file_becomes_what_its_case_says(message: Path) -> None:
    """Transactions and faults, whole and in order; of the report, the places that the case names."""
    told = expected_of(message)
    given = parameters(told["parameters"])
    assert isinstance(given, Parameters), given
    converted = convert(message.read_bytes(), given, SYNTAX[message.suffix], timestamp_ms=timestamp_ms(told))
    assert [[one.code, one.field, one.expected] for one in converted.faults] == told["faults"]
    assert list(converted.transactions) == told["transactions"]
    if "payments" in told:
        assert converted.payments == told["payments"]
    mapped = [[one.path, one.field, one.note] for one in converted.mapped]
    unmapped = [[left.path, left.reason] for left in converted.unmapped]
    for place in told.get("mapped", []):
        assert place in mapped
    for place in told.get("unmapped", []):
        assert place in unmapped


def holds_one_payment(message: Path) -> bool:
    """A record holds no more; neither more than one payment nor faults of several."""
    told = expected_of(message)
    return len(told["transactions"]) + len(told["faults"]) == 1 and told.get("payments", 1) == 1


@pytest.mark.parametrize("message", [one for one in MESSAGES if holds_one_payment(one)], ids=lambda path: path.name)
def test_a_record_passes_or_is_refused_at_the_door_as_its_case_says(message: Path) -> None:
    """The same message as a record for ingest: one payment is admitted, another refused with the case's codes."""
    told = expected_of(message)
    door = Door(development_keys(), 12, {})
    headers = list(make_headers(SYNTAX[message.suffix], told["parameters"]))
    answer = door.admit(ArrivedRecord(TRANSACTIONS, 0, 1, timestamp_ms(told), None, message.read_bytes(), headers))
    if told["transactions"]:
        assert isinstance(answer, Admitted), answer
    else:
        assert isinstance(answer, Rejected)
        assert list(answer.codes) == [code for code, _, _ in told["faults"]]


def test_every_message_has_its_case_and_every_case_its_message() -> None:
    """A file without the other is never looked at."""
    assert {path.stem for path in MESSAGES} == {path.stem for path in CORPUS.glob("*.json")}
    assert len({path.stem for path in MESSAGES}) == len(MESSAGES)
