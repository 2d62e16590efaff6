"""Sealed identities: written with the public key alone, opened with the private one alone."""

import json

import pytest
from nacl.public import PrivateKey

from streams.errors import KeyFileError
from streams.keys.sealed_identities import (
    Identity,
    Sealer,
    UnopenedError,
    key_id,
    load_private_key,
    load_sealer,
    open_identity,
    time_of,
)

PRIVATE = PrivateKey(b"\x01" * 32)
TOKEN = f"dev.4c1.{'a' * 32}"


def test_the_private_key_opens_what_the_public_key_sealed():
    """Identifier and name space come back; the record shows token, key id and first sight, and nothing else."""
    key, value = Sealer(PRIVATE.public_key).record(TOKEN, "주식회사 가나다", 1_767_580_000_123)
    shown = json.loads(value)
    assert key == TOKEN.encode()
    assert shown["token"] == TOKEN
    assert shown["key_id"] == key_id(PRIVATE.public_key)
    assert shown["first_seen"] == "2026-01-05T02:26:40.123000Z"
    assert shown.keys() == {"token", "sealed", "key_id", "first_seen"}
    assert "가나다" not in value.decode()
    assert open_identity(value, PRIVATE) == Identity("party", "주식회사 가나다")


def test_equal_identifiers_are_sealed_differently():
    """Nobody can test a guess against a sealed box."""
    sealer = Sealer(PRIVATE.public_key)
    assert sealer.record(TOKEN, "P-1", 0) != sealer.record(TOKEN, "P-1", 0)


def test_another_private_key_does_not_open_it():
    """The error names both keys, so that the right file can be found."""
    _, value = Sealer(PRIVATE.public_key).record(TOKEN, "P-1", 0)
    with pytest.raises(UnopenedError, match=key_id(PRIVATE.public_key)):
        open_identity(value, PrivateKey(b"\x02" * 32))


@pytest.mark.parametrize(
    "damage", [b"", b"{}", b"\xff", b'{"token":"t","sealed":"*","key_id":"k","first_seen":"2026-01-05T00:00:00Z"}']
)
def test_a_damaged_record_is_an_error_of_its_own(damage):
    """What is no sealed identity says so, without a traceback."""
    with pytest.raises(UnopenedError):
        open_identity(damage, PRIVATE)


@pytest.mark.parametrize("timestamp_ms", [-1, 2**63 - 1, -(2**63)])
def test_any_kafka_timestamp_gives_a_time(timestamp_ms):
    """A sender may claim any timestamp; sealing does not fail for it."""
    assert 1 <= time_of(timestamp_ms).year <= 9999
    Sealer(PRIVATE.public_key).record(TOKEN, "P-1", timestamp_ms)


def test_key_files_hold_64_hex_digits(tmp_path):
    """Public and private key files are read and told when wrong, without showing their content."""
    public, private, bad = tmp_path / "public", tmp_path / "private", tmp_path / "bad"
    public.write_text(bytes(PRIVATE.public_key).hex() + "\n")
    private.write_text(bytes(PRIVATE).hex())
    private.chmod(0o600)
    bad.write_text("secret")
    _, value = load_sealer(public).record(TOKEN, "P-1", 0)
    assert open_identity(value, load_private_key(private)).identifier == "P-1"
    for path in (bad, tmp_path / "none"):
        with pytest.raises(KeyFileError) as caught:
            load_sealer(path)
        assert "secret" not in caught.value.message
