"""The corpus of bad and good input records: each gets exactly the codes that it is listed with."""

import tomllib
from pathlib import Path

import pytest

from streams.contracts import INPUTS
from streams.decode import decode, find_faults
from streams.door import Admitted, Door, Rejected
from streams.faults import CODES
from streams.pseudonyms import development_keys

CORPUS = Path(__file__).parents[1] / "corpus"
CASES = tomllib.loads((CORPUS / "cases.toml").read_text("utf-8"))
TIMESTAMP_MS = 1_767_580_000_000


def record(name):
    case = CASES[name]
    file = CORPUS / f"{name}.bin"
    key = bytes.fromhex(case["key_hex"]) if "key_hex" in case else case["key"].encode() if "key" in case else None
    return case["topic"], key, file.read_bytes() if file.exists() else None, case["codes"]


@pytest.mark.parametrize("name", CASES)
def test_a_record_gets_its_codes_and_no_others(name):
    """The door admits the good records and gives every fault of a bad one its code."""
    topic, key, value, codes = record(name)
    answer = Door(development_keys(), 12, {}).admit(topic, 0, 1, TIMESTAMP_MS, key, value, [])
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
    topic, key, value, _ = record(name)
    assert decode(INPUTS[topic], TIMESTAMP_MS, key, value) is not None
    assert [fault.code for fault in find_faults(INPUTS[topic], TIMESTAMP_MS, key, value)] == ["record.refused"]


def test_every_file_belongs_to_a_case():
    """No value lies in the corpus without being tested."""
    assert {path.stem for path in CORPUS.glob("*.bin")} <= CASES.keys()
