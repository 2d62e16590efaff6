"""Secret files are read when nobody else can read them; public ones that are relied on, when nobody else can write."""

import os
from pathlib import Path

import pytest

from streams.errors import KeyFileError
from streams.keys import secret_files
from streams.keys.sealed_identities import load_private_key, load_sealer
from streams.keys.secret_files import read_secret_file, read_trusted_file

KEY = "ab" * 32
US, ROOT, OTHER = 1000, 0, 1001


@pytest.fixture
def file(tmp_path):
    """A file with a secret."""
    path = tmp_path / "secret"
    path.write_text(KEY + "\n")
    return path


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o700])
def test_the_owners_own_file_is_read(file, mode):
    """What only the owner can touch is read."""
    file.chmod(mode)
    assert read_secret_file(file, "key").strip() == KEY


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o602, 0o620, 0o610, 0o444, 0o440, 0o777])
def test_a_file_open_to_others_is_refused_with_its_mode_and_what_to_do(file, mode):
    """Each bit for others refuses; the message has path, mode and advice, and nothing of the secret."""
    file.chmod(mode)
    with pytest.raises(KeyFileError) as caught:
        read_secret_file(file, "key")
    assert f"{file}, mode {mode:04o}" in caught.value.message
    assert "chmod 600" in caught.value.message
    assert "abab" not in caught.value.message
    for load in (load_private_key,):
        with pytest.raises(KeyFileError, match="by others"):
            load(file)


class Status:
    """What `_refuse_readable` looks at of a file."""

    def __init__(self, owner: int, mode: int) -> None:
        self.st_uid, self.st_mode = owner, 0o100000 | mode


@pytest.mark.parametrize(
    ("us", "owner", "mode", "read"),
    [
        (US, US, 0o600, True),
        (US, ROOT, 0o640, True),
        (US, ROOT, 0o440, True),
        (US, ROOT, 0o400, True),
        (US, ROOT, 0o644, False),
        (US, ROOT, 0o660, False),
        (US, ROOT, 0o444, False),
        (US, US, 0o640, False),
        (US, OTHER, 0o640, False),
        (US, OTHER, 0o600, False),
        (ROOT, OTHER, 0o600, True),
        (ROOT, OTHER, 0o640, False),
        (ROOT, ROOT, 0o640, False),
    ],
)
def test_who_owns_it_and_who_asks(monkeypatch, us, owner, mode, read):
    """PostgreSQL's rule: own files 0600, root's 0640 (Kubernetes' fsGroup), another account's not at all."""
    monkeypatch.setattr(os, "geteuid", lambda: us)
    if read:
        secret_files._refuse_readable(Status(owner, mode), Path("f"), "key")
    else:
        with pytest.raises(KeyFileError):
            secret_files._refuse_readable(Status(owner, mode), Path("f"), "key")


@pytest.mark.parametrize(("mode", "read"), [(0o644, True), (0o600, True), (0o664, False), (0o646, False)])
def test_a_public_key_that_others_can_replace_is_refused(file, mode, read):
    """Whoever replaces the sealing key reads every identity sealed from then on."""
    file.chmod(mode)
    if read:
        assert load_sealer(file).key_id
        return
    with pytest.raises(KeyFileError, match="can be changed by others"):
        load_sealer(file)


def test_what_is_no_secret_file_is_said(tmp_path):
    """Nothing there, a directory, a pipe, bytes that are no text, a file without end: one message, no hang."""
    pipe, binary, long = tmp_path / "pipe", tmp_path / "binary", tmp_path / "long"
    os.mkfifo(pipe, 0o600)
    binary.write_bytes(b"\xff\xfe")
    with long.open("wb") as file:
        file.truncate(secret_files.LARGEST + 1)
    for path, told in (
        (tmp_path / "none", "cannot read"),
        (tmp_path, "file"),
        (pipe, "no file"),
        (binary, "not text"),
        (long, "too large"),
        (Path("/dev/zero"), "file"),
    ):
        if path in {binary, long}:
            path.chmod(0o600)
        for read in (read_secret_file, read_trusted_file):
            with pytest.raises(KeyFileError, match=told):
                read(path, "key")
