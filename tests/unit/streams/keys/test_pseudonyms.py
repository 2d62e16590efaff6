"""Tokens and fingerprints: stable, self-routing, and the same whatever the role."""

import hashlib
import hmac
import re
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.errors import KeyFileError
from streams.keys.pseudonyms import (
    Key,
    Keys,
    development_keys,
    frame_parts,
    is_token,
    load_keys,
    parse_keys,
    partition_of,
    slot_of,
)

A, B, C = (Key(name, bytes([number]) * 32) for number, name in enumerate(("a1", "b2", "c3"), 1))


def test_a_token_is_what_the_design_says():
    """Digest and slot are HMAC-SHA-256 of the framed name space and identifier under current and routing key."""
    content = b"5:token5:party3:P-1"
    digest = hmac.new(A.secret, content, hashlib.sha256).hexdigest()[:32]
    slot = hmac.new(B.secret, content, hashlib.sha256).hexdigest()[:3]
    assert Keys(A, B).party("P-1").token == f"a1.{slot}.{digest}"


def test_tokens_never_change():
    """The development key's tokens are these for ever: a change would orphan every party in every ledger."""
    keys = development_keys()
    assert keys.party("KR-PERSON-0012345").token == "dev.4c1.4c16172de87e10e6308ade14e3da55d6"
    assert keys.account("110-123-456789").token == "dev.cfb.cfb8cb89f72c2c40f33a247ed5bc4b2e"
    assert keys.identity("t", "i", "p", "e") == keys.identity("t", "i", "p", "e")


@given(st.text(), st.text())
def test_equal_identifiers_and_only_they_have_equal_tokens(one, other):
    """A token stands for one identifier of one name space."""
    keys = development_keys()
    assert (keys.party(one).token == keys.party(other).token) == (one == other)
    assert keys.party(one).token != keys.account(one).token


@given(st.text())
def test_a_party_stays_in_its_partition_through_a_rotation(identifier):
    """The slot depends on the routing key alone."""
    before, after = Keys(A, C), Keys(B, C, A)
    assert before.party(identifier).slot == after.party(identifier).slot
    assert partition_of(before.party(identifier).token, 12) == partition_of(after.party(identifier).token, 12)


def test_a_rotation_gives_the_previous_token_too():
    """During an overlap each token comes with the one that the ledger knows from before."""
    assert Keys(B, C, A).party("P-1").previous == Keys(A, C).party("P-1").token
    assert Keys(B, C).party("P-1").previous is None


@given(st.lists(st.text()), st.lists(st.text()))
def test_framing_is_unambiguous(one, other):
    """No two lists of parts give the same bytes, whatever characters they hold."""
    assert (frame_parts(*one) == frame_parts(*other)) == (one == other)


def test_fingerprints_survive_a_rotation():
    """In the overlap each event comes with what it was known by before; the routing key makes no difference."""
    what = ("t", "", "P-1", "E", b"{}")
    before, overlap, after = (keys.fingerprints(*what) for keys in (Keys(A, C), Keys(B, C, A), Keys(B, C)))
    assert overlap["former"] == (before["identity"], before["body"])
    assert {**overlap, "former": None} == {**after, "former": None}
    assert not set(after.values()) & set(before.values())
    assert "former" not in before
    assert Keys(A, C).fingerprints(*what) == Keys(A, B).fingerprints(*what)
    assert (before["identity"], before["body"]) == (Keys(A, C).identity(*what[:4]), Keys(A, C).body(b"{}"))


def test_memory_is_bounded_and_does_not_change_tokens():
    """A forgotten token is computed again and is the same."""
    small, large = Keys(A, B, remembered=2), Keys(A, B)
    assert [small.party(str(n % 5)) for n in range(20)] == [large.party(str(n % 5)) for n in range(20)]


def test_a_key_file_names_current_previous_and_routing_key():
    """First line current, second previous, last routing; comments and empty lines do not count."""
    text = f"# keys\n\nnew = {'1' * 64}  # since May\nold={'2' * 64}\nroute = {'AB' * 32}\n"
    keys = parse_keys(text, "f")
    assert (keys.current.id, keys.previous and keys.previous.id, keys.routing.id) == ("new", "old", "route")
    assert keys.routing.secret == b"\xab" * 32
    one = parse_keys(f"only = {'1' * 64}", "f")
    assert one.current is one.routing
    assert one.previous is None


def test_with_two_lines_the_routing_key_is_the_previous_one():
    """After the first rotation the last line both routes and gives the previous tokens."""
    keys = parse_keys(f"new = {'1' * 64}\nold = {'2' * 64}", "f")
    assert keys.previous == keys.routing


def test_a_bad_key_file_gets_every_problem_and_shows_no_key():
    """All problems stand in one error, with line numbers and without key material."""
    secret = "5e" * 31
    text = f"Upper = {'1' * 64}\nshort = {secret}\ngood = {'1' * 64}\ngood = {'2' * 64}\n{'d' * 64}\n"
    with pytest.raises(KeyFileError) as caught:
        parse_keys(text, "keys.txt")
    message = caught.value.message
    assert re.findall(r"line \d", message) == ["line 1", "line 2", "line 4", "line 5", "line 5"]
    assert secret not in message
    assert "d" * 64 not in message
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("text", ["", "# nothing\n"])
def test_a_key_file_without_keys_is_an_error(text):
    """An empty file is no reason to fall back to some other key."""
    with pytest.raises(KeyFileError, match="no key"):
        parse_keys(text, "f")


def test_a_missing_key_file_is_an_error(tmp_path):
    """No file named, no such file, a file that is no text: each says so."""
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    for path in (None, tmp_path / "none", tmp_path, tmp_path / "binary"):
        with pytest.raises(KeyFileError):
            load_keys(path)


def test_who_has_no_key_file_yet_is_told_how_to_make_one_that_is_read(tmp_path):
    """The command in the message, run as it stands, makes a key that is accepted, and never replaces one."""
    path = tmp_path / "keys"
    with pytest.raises(KeyFileError, match="there is no pseudonym key file") as caught:
        load_keys(path)
    todo = caught.value.todo
    assert todo is not None
    command = todo.partition(": ")[2].replace("FILE", str(path))
    subprocess.run(["sh", "-c", f"umask 022; {command}"], check=True)
    keys = load_keys(path)
    assert (keys.current.id, path.stat().st_mode & 0o777) == ("k1", 0o600)
    again = subprocess.run(["sh", "-c", command], check=False, capture_output=True)
    assert again.returncode != 0
    assert load_keys(path).current.secret == keys.current.secret


def test_a_key_file_that_others_may_read_is_refused(tmp_path):
    """The owner's own file is read, one that the group may read is not."""
    path = tmp_path / "keys"
    path.write_text(f"a1 = {'1' * 64}\n")
    path.chmod(0o600)
    assert load_keys(path).current.id == "a1"
    path.chmod(0o640)
    with pytest.raises(KeyFileError, match="can be read or changed by others") as caught:
        load_keys(path)
    assert "1111" not in caught.value.message


def test_keys_never_show_their_material():
    """Neither repr nor str of keys holds a secret."""
    keys = Keys(A, B, C)
    for shown in (repr(keys), str(keys), repr(A), str(A), f"{A}", str([A])):
        assert "x01" not in shown
        assert A.secret.hex() not in shown
    assert "a1" in repr(keys)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "P-1",
        "dev.4c1",
        "DEV.4c1." + "a" * 32,
        "dev.4C1." + "a" * 32,
        f"dev.4c1.{'a' * 32}\n",
        f"dev.4c1.{'a' * 33}",
    ],
)
def test_what_is_no_token_is_refused(text):
    """Only the exact form is a token."""
    assert not is_token(text)
    with pytest.raises(ValueError, match="not a token"):
        slot_of(text)


def test_the_slot_of_a_token_is_read_off_it():
    """A disposition that shows only the token finds its partition."""
    token = f"dev.4c1.{'a' * 32}"
    assert is_token(token)
    assert slot_of(token) == 0x4C1
    assert partition_of(token, 12) == 0x4C1 % 12


@pytest.mark.parametrize(
    ("lines", "previous", "routing"),
    [("k2 k1", "k1", "k1"), ("k2 k1=routing", None, "k1"), ("k3 k2 k1", "k2", "k1"), ("k3 k2 k1=routing", "k2", "k1")],
)
def test_the_last_line_may_only_route(lines, previous, routing):
    """The word after its key ends an overlap, or keeps the routing key out of the next one."""
    text = "".join(
        f"{line.partition('=')[0]} = {line[1] * 64} {line.partition('=')[2]}  # a comment\n" for line in lines.split()
    )
    keys = parse_keys(text, "f")
    assert (keys.current.id, keys.previous and keys.previous.id, keys.routing.id) == (lines[:2], previous, routing)
    after = keys.party("P-1")
    assert (after.previous is None) == (previous is None)
    assert after.slot == Keys(Key("k1", b"\x11" * 32), Key("k1", b"\x11" * 32)).party("P-1").slot


@pytest.mark.parametrize(
    "text",
    [
        f"k1 = {'1' * 64} routing",
        f"k2 = {'2' * 64} routing\nk1 = {'1' * 64}",
        f"k2 = {'2' * 64}\nk1 = {'1' * 64} route",
        f"k2 = {'2' * 64}\nk1 = {'1' * 64}routing",
        f"k2 = {'2' * 64}\nk1 = {'1' * 64} routing routing",
    ],
)
def test_the_word_routing_elsewhere_is_refused(text):
    """Alone, on an earlier line, misspelt, twice, or without a blank (the overlap would go on): the line is named."""
    with pytest.raises(KeyFileError, match=r"line [12]: "):
        parse_keys(text, "f")
