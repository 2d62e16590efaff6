"""The corpus of bad and good input records: each gets exactly the codes that it is listed with."""

import json
import tomllib

import pytest

from streams.contracts.input_record import ArrivedRecord
from streams.contracts.inputs import INPUTS, RULES
from streams.contracts.refusal_codes import CODES
from streams.ingest.decode import decode, find_faults
from streams.ingest.door import Admitted, Door, Rejected
from streams.keys.pseudonyms import development_keys
from streams.keys.sender_key_file import read_sender_keys
from streams.keys.sender_keys import SenderKeys
from tests.support.pipeline import GOOD, Pipeline
from tests.support.repository import ROOT

CORPUS = ROOT / "tests" / "corpus"
CASES = tomllib.loads((CORPUS / "cases.toml").read_text("utf-8"))
TIMESTAMP_MS = 1_767_580_000_000
# Codes without a case, and where each is tested instead.
WITHOUT_CASE = {
    "configuration.partition": "not its bytes: tests/unit/streams/ledger/test_configuration_in_force_ruling.py",
    "configuration.refused": "told by the monitor: tests/unit/detectors/test_configuration_trial.py",
    "learning.malformed": "of monitors' records alone: tests/unit/streams/contracts/test_learning_record.py",
    "learning.partition": "of monitors' records alone: tests/unit/streams/contracts/test_learning_record.py",
    "learning.unusable": "told by the monitor: tests/unit/detectors/memory/test_hearing.py",
    "amount.minor_units": "payment messages alone: tests/unit/streams/ingest/formats/test_conversion_identifiers.py",
    "event.conflict": "told by the monitor, from an earlier record: tests/unit/detectors/test_core.py",
    **dict.fromkeys(
        (
            "verdict.unknown_officer",
            "verdict.unknown_alert",
            "verdict.repeated",
            "verdict.outdated",
            "verdict.too_many_officers",
        ),
        "told by the monitor, from the alerts it raised: tests/unit/detectors/memory/test_verdicts.py",
    ),
    "rate.held": "told by the monitor, from earlier records: tests/unit/across_rooms/test_wrong_rates.py",
    "rate.direction": "told by the monitor, from earlier records: tests/unit/across_rooms/test_wrong_rates.py",
    "rate.pair": "told by the monitor, by its configuration: tests/unit/across_rooms/test_wrong_rates.py",
    "rate.source": "told by the monitor, by its configuration: tests/unit/detectors/rates/test_rate_sources.py",
    "door.failed": "a fault of ours, for which no bytes are known: tests/unit/streams/ingest/test_door_refusals.py",
    "record.refused": "the reject path names every fault of every known record: tests/property",
}
# Faults of bank messages that are turned into records before the door, and of whole record sets (test_record_sets.py);
# they have tests and samples of their own.
OTHER_FORMATS = ("fin.", "message.", "xml.", "set.")


def record(name):
    """Topic, Kafka timestamp, key, value, headers and expected codes of a case."""
    case = CASES[name]
    file = CORPUS / f"{name}.bin"
    key = bytes.fromhex(case["key_hex"]) if "key_hex" in case else case["key"].encode() if "key" in case else None
    value = file.read_bytes() if file.exists() else None
    headers = [(name, content(*given)) for name, *given in case.get("headers", [])]
    return case["topic"], case.get("timestamp_ms", TIMESTAMP_MS), key, value, headers, case["codes"]


def senders(name):
    """The senders' keys that a case is judged with; None where nobody must sign."""
    if not CASES[name].get("senders"):
        return None
    keys, required, problems = read_sender_keys((CORPUS / "senders.toml").read_text("utf-8"))
    assert problems == []
    return SenderKeys(keys, required)


def content(text=None):
    """A header's bytes: none, `hex:` digits, or text."""
    if text is None:
        return None
    return bytes.fromhex(text.removeprefix("hex:")) if text.startswith("hex:") else text.encode()


@pytest.mark.parametrize("name", CASES)
def test_a_record_gets_its_codes_and_no_others(name):
    """The door admits the good records and gives every fault of a bad one its code."""
    topic, timestamp_ms, key, value, headers, codes = record(name)
    door = Door(development_keys(), 12, {}, senders=senders(name))
    answer = door.admit(ArrivedRecord(topic, 0, 1, timestamp_ms, key, value, headers))
    if codes:
        assert isinstance(answer, Rejected)
        assert sorted(answer.codes) == sorted(codes)
        assert set(answer.codes) <= CODES.keys()
        assert len(answer.message) <= 512
    else:
        assert isinstance(answer, Admitted), answer


@pytest.mark.parametrize("name", [name for name in CASES if not CASES[name]["codes"]])
def test_the_two_paths_agree_on_good_records(name):
    """The reject path finds no fault in a record that the fast path admits."""
    topic, timestamp_ms, key, value, _, _ = record(name)
    assert decode(INPUTS[topic], timestamp_ms, key, value) is not None
    assert [fault.code for fault in find_faults(INPUTS[topic], timestamp_ms, key, value)] == ["record.refused"]


def test_good_records_are_applied_whatever_came_before():
    """Every good record of the corpus, one after the other, goes through ledger and core without stopping either."""
    pipeline = Pipeline()
    good = [record(name) for name in CASES if not CASES[name]["codes"] and CASES[name]["topic"] != RULES]
    for number, (topic, timestamp_ms, key, value, headers, _) in enumerate(good):
        admitted = pipeline.door.admit(ArrivedRecord(topic, 0, number, timestamp_ms, key, value, headers))
        assert isinstance(admitted, Admitted)
        pipeline.take(admitted, timestamp_ms)
    counters = pipeline.state.counters
    outcomes = sum(counters[name] for name in ("applied", "duplicates", "conflicts", "redelivered", "refused"))
    assert outcomes == len(good) + 1  # and the configuration


def test_what_is_refused_for_its_signature_is_good_where_nobody_must_sign():
    """The cases of signatures differ from good records in nothing else."""
    found = 0
    for name in CASES:
        topic, timestamp_ms, key, value, headers, codes = record(name)
        if codes and all(code.startswith("signature.") for code in codes):
            answer = Door(development_keys(), 12, {}).admit(
                ArrivedRecord(topic, 0, 1, timestamp_ms, key, value, headers)
            )
            assert isinstance(answer, Admitted), name
            found += 1
    assert found >= 10


def test_every_file_belongs_to_a_case():
    """No value lies in the corpus without being tested; every case but a tombstone has one."""
    files = {path.stem for path in CORPUS.glob("*.bin")}
    assert files <= CASES.keys()
    assert {name for name in CASES.keys() - files if "value.missing" not in CASES[name]["codes"]} == set()


def test_every_code_has_a_case_or_a_reason():
    """A code that nothing in the corpus leads to is listed with where it is tested instead."""
    covered = {code for case in CASES.values() for code in case["codes"]}
    assert covered | WITHOUT_CASE.keys() == {code for code in CODES if not code.startswith(OTHER_FORMATS)}
    assert not covered & WITHOUT_CASE.keys()


def test_every_field_of_every_topic_has_a_bad_case():
    """For each field that a contract names some bad record differs from the good one in that field."""
    untouched = {}
    for topic, kind in INPUTS.items():
        names = set(kind.type.__struct_fields__)
        good = GOOD.get(topic, {})
        for name, case in CASES.items():
            if case["topic"] == topic and case["codes"]:
                body = parsed(name)
                names -= {field for field in names if body.get(field, good.get(field)) != good.get(field)}
                names -= good.keys() - body.keys()
        untouched[topic] = names
    # free text without a limit of its own: any string is good, and another type is refused as every string's is
    allowed = {"fx.transactions.v1": {"report_no"}}
    assert [(topic, names) for topic, names in untouched.items() if names - allowed.get(topic, set())] == []


def parsed(name):
    """A case's value as an object, empty when it is none."""
    try:
        body = json.loads((CORPUS / f"{name}.bin").read_bytes())
    except (ValueError, OSError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


@pytest.mark.parametrize("topic", INPUTS)
def test_the_size_limit_is_exact(topic):
    """A value of exactly the limit is read, one byte more is not, whatever else is wrong with it."""
    limit = INPUTS[topic].size_limit
    for size, refused in ((limit - 1, False), (limit, False), (limit + 1, True)):
        faults = find_faults(INPUTS[topic], TIMESTAMP_MS, None, b"{}".ljust(size))
        assert ("size.exceeded" in [fault.code for fault in faults]) == refused


def test_a_key_of_a_megabyte_is_refused_by_its_meaning():
    """Keys have no limit of their own: Kafka's holds, and the comparison with the body is all it takes."""
    answer = Door(development_keys(), 12, {}).admit(
        ArrivedRecord(
            "fx.transactions.v1", 0, 1, TIMESTAMP_MS, b"P" * 2**20, json.dumps(GOOD["fx.transactions.v1"]).encode(), []
        )
    )
    assert isinstance(answer, Rejected)
    assert answer.codes == ("key.mismatch",)
