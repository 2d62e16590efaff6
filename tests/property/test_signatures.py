"""Signatures: whatever was changed in a signed record, by one bit or more, it is not believed."""

from hypothesis import given
from hypothesis import strategies as st

from streams.contracts.input_record import ArrivedRecord, InputRecord
from streams.contracts.inputs import INPUTS, TRANSACTIONS
from streams.keys.sender_key_file import read_sender_keys
from streams.keys.sender_keys import Proof
from streams.keys.signed_records import LENGTH, SIGNATURE, compose_signed_bytes, sign
from tests.support.signing import BANK, BANKS

NAMES = st.text(st.characters(codec="utf-8"), max_size=6)
HEADERS = st.lists(
    st.tuples(st.one_of(NAMES, NAMES.map("fx.".__add__)), st.none() | st.binary(max_size=6)), max_size=4
).map(lambda some: [header for header in some if header[0] != SIGNATURE])
BYTES = st.binary(min_size=1, max_size=40)
KEYS = st.none() | st.binary(max_size=8)
RECORDS = st.tuples(st.sampled_from(sorted(INPUTS)), KEYS, KEYS, HEADERS)


def covered(topic, key, value, headers):
    """What must not change: everything but headers that mean nothing."""
    return topic, key, value, [header for header in headers if header[0].startswith("fx.")]


def judged(key, value, headers):
    return BANKS.judge(ArrivedRecord(TRANSACTIONS, 0, 0, 0, key, value, headers), {"institution": "SHBKKRSE"})


def flipped(content, bit):
    """The bytes with one bit the other way round."""
    return bytes(byte ^ (1 << bit % 8 if place == bit // 8 else 0) for place, byte in enumerate(content))


@given(one=RECORDS, other=RECORDS)
def test_two_records_share_their_signed_bytes_only_if_they_mean_the_same(one, other):
    """Whatever moves between key, value and headers."""
    assert (compose_signed_bytes(*one) == compose_signed_bytes(*other)) == (covered(*one) == covered(*other))


@given(key=BYTES, value=BYTES, headers=HEADERS, data=st.data())
def test_any_flipped_bit_is_refused(key, value, headers, data):
    """Of key, value, a covered header's name or content, or the signature."""
    headers = [*headers, ("fx.a", b"content")]
    signed = list(sign(InputRecord(TRANSACTIONS, key, value, 0, tuple(headers)), BANK).headers)
    assert judged(key, value, signed) == Proof("SHBKKRSE")
    where = data.draw(st.sampled_from(["key", "value", "header", "signature"]))
    if where == "key":
        key = flipped(key, data.draw(st.integers(0, len(key) * 8 - 1)))
    elif where == "value":
        value = flipped(value, data.draw(st.integers(0, len(value) * 8 - 1)))
    else:
        place = -1 if where == "signature" else -2
        name, content = signed[place]
        assert name == ("fx.a" if where == "header" else SIGNATURE)
        signed[place] = name, flipped(content, data.draw(st.integers(0, len(content) * 8 - 1)))
    assert judged(key, value, signed).outcome in {"signature.wrong", "signature.malformed"}


def test_every_single_bit_of_one_signature_is_refused():
    """All 520 of them; none has two spellings."""
    signed = dict(sign(InputRecord(TRANSACTIONS, b"k", b"v", 0), BANK).headers)[SIGNATURE]
    assert judged(b"k", b"v", [(SIGNATURE, signed)]) == Proof("SHBKKRSE")
    for bit in range(LENGTH * 8):
        assert judged(b"k", b"v", [(SIGNATURE, flipped(signed, bit))]).fault is not None, bit


@given(content=st.binary(max_size=80), headers=HEADERS)
def test_made_up_signatures_are_refused_and_never_raise(content, headers):
    """Whatever the bytes."""
    assert judged(b"k", b"v", [*headers, (SIGNATURE, content)]).fault is not None


@given(text=st.text(st.sampled_from('[]"=\n key until institutions public_ 0aZé'), max_size=60))
def test_a_file_never_raises(text):
    """Faults are told, whatever is in it; what has none holds a key."""
    keys, _, problems = read_sender_keys(text)
    assert keys or problems
