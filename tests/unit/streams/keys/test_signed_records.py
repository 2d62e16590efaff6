"""What a signature covers, to the byte, and the forms in which a private key is read."""

import struct
import subprocess

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from streams.contracts.input_record import InputRecord
from streams.errors import KeyFileError
from streams.keys.sender_key_file import read_sender_keys
from streams.keys.signed_records import SIGNATURE, compose_signed_bytes, load_signing_key, sign
from tests.support.certificates import secret_file
from tests.support.signing import BANK, OTHER


def length(number):
    return struct.pack(">i", number)


def test_the_bytes_are_those_that_the_documents_say():
    """Purpose, then topic, key and value with their lengths, then every fx. header, in the order of the record."""
    headers = [("traceparent", b"00"), ("fx.history", b"1"), (SIGNATURE, b"old"), ("fx.convert.channel", b"web")]
    assert compose_signed_bytes("t.v1", b"k", b"value", headers) == (
        b"fxwatch signed record 1"
        + length(4)
        + b"t.v1"
        + length(1)
        + b"k"
        + length(5)
        + b"value"
        + length(10)
        + b"fx.history"
        + length(1)
        + b"1"
        + length(18)
        + b"fx.convert.channel"
        + length(3)
        + b"web"
    )


def test_what_is_absent_is_not_what_is_empty():
    """No key, an empty key, and a key that moved into the value are three things; none is the length -1."""
    assert compose_signed_bytes("t", None, b"v", ()).endswith(length(1) + b"t" + length(-1) + length(1) + b"v")
    found = {
        compose_signed_bytes("t", None, b"kv", ()),
        compose_signed_bytes("t", b"", b"kv", ()),
        compose_signed_bytes("t", b"k", b"v", ()),
        compose_signed_bytes("t", b"kv", None, ()),
        compose_signed_bytes("t", b"", None, ()),
        compose_signed_bytes("t", None, None, ()),
        compose_signed_bytes("tk", b"", b"v", ()),
        compose_signed_bytes("t", b"k", b"v", [("fx.a", None)]),
        compose_signed_bytes("t", b"k", b"v", [("fx.a", b"")]),
    }
    assert len(found) == 9


def test_another_library_signs_and_verifies_the_same():
    """OpenSSL's Ed25519 (cryptography) makes the very signature of ours, and believes it."""
    record = sign(InputRecord("fx.rates.v1", b"USD/KRW", b"{}", 5, (("ce_id", b"1"), (SIGNATURE, b"earlier"))), BANK)
    assert record[:4] == ("fx.rates.v1", b"USD/KRW", b"{}", 5)
    assert [name for name, _ in record.headers] == ["ce_id", SIGNATURE]
    content = record.headers[-1][1]
    assert (content[:1], len(content)) == (b"\x01", 65)
    message = compose_signed_bytes("fx.rates.v1", b"USD/KRW", b"{}", ())
    Ed25519PublicKey.from_public_bytes(bytes(BANK.verify_key)).verify(content[1:], message)
    assert Ed25519PrivateKey.from_private_bytes(bytes(BANK)).sign(message) == content[1:]


def pem(key):
    private = Ed25519PrivateKey.from_private_bytes(bytes(key))
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.mark.parametrize("text", [pem(BANK), bytes(BANK).hex(), bytes(BANK).hex().upper() + "\n", pem(BANK) + "\n"])
def test_a_private_key_is_read_in_both_forms(tmp_path, text):
    """PEM as OpenSSL writes it, and 64 hex digits."""
    assert bytes(load_signing_key(secret_file(tmp_path / "bank.key", text))) == bytes(BANK)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ab" * 31,
        "ab" * 33,
        "zz" * 32,
        pem(BANK).replace("PRIVATE", "PUBLIC"),
        pem(BANK)[:-30],
        pem(BANK) + pem(OTHER),
        "-----BEGIN PRIVATE KEY-----\n====\n-----END PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
    ],
)
def test_what_is_no_private_key_is_refused_without_being_shown(tmp_path, text):
    """One message with path, length and how to make one."""
    path = secret_file(tmp_path / "bank.key", text)
    with pytest.raises(KeyFileError) as caught:
        load_signing_key(path)
    assert caught.value.message == (
        f"the signing key file is not valid; got: {path}: {len(text)} characters; "
        "expected: an unencrypted Ed25519 private key in PEM, or 64 hex digits; "
        "to do: make one: (umask 077; openssl genpkey -algorithm ed25519 -out FILE)"
    )


def test_a_private_key_that_others_can_read_is_refused(tmp_path):
    """As any secret file."""
    path = secret_file(tmp_path / "bank.key", pem(BANK))
    path.chmod(0o644)
    with pytest.raises(KeyFileError, match=r"^the signing key file .*by others"):
        load_signing_key(path)


def test_a_pair_made_with_openssl_as_documented_is_a_pair(tmp_path):
    """The two commands of docs/SECURITY.md; what the second prints goes into the file of public keys, or its middle."""
    path = tmp_path / "bank.key"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", path], check=True, capture_output=True)
    path.chmod(0o600)
    shown = subprocess.run(["openssl", "pkey", "-in", path, "-pubout"], check=True, capture_output=True, text=True)
    _, line, _ = shown.stdout.splitlines()
    for told in (f'"{line}"', f'"""\n{shown.stdout}"""'):
        keys, _, problems = read_sender_keys(f'[[key]]\ninstitutions = ["BANKKRSE"]\npublic_key = {told}\n')
        assert problems == []
        assert keys[0].public_key == bytes(load_signing_key(path).verify_key)
    _, _, problems = read_sender_keys(f'[[key]]\ninstitutions = ["BANKKRSE"]\npublic_key = """{path.read_text()}"""\n')
    assert problems == [
        "[[key]] 1 public_key: this is a private key, which nobody but its sender may have: make a new pair"
    ]
