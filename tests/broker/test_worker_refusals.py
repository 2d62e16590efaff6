"""A worker that must not run says why in one message and ends non-zero; nothing of a traceback is a user's message."""

import json
import secrets
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import tomli_w

from streams.demo.broker import EmbeddedBroker
from streams.rule_packs import default_tables

pytestmark = pytest.mark.broker

LIMITS = [
    limit | ({"value": "3000"} if limit["name"] == "document_line" else {})
    for limit in default_tables()["rules"]["T01"]["limits"]
]
STRICTER = tomli_w.dumps({"rules": {"T01": {"limits": LIMITS}}})


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A key file, and nothing else of the caller's environment."""
    monkeypatch.delenv("FXWATCH_CONFIG", raising=False)
    monkeypatch.delenv("FXWATCH_SEAL_KEY_FILE", raising=False)
    keys = tmp_path / "keys.txt"
    keys.write_text(f"k1 = {secrets.token_hex(32)}\n", "utf-8")
    keys.chmod(0o600)
    monkeypatch.setenv("FXWATCH_KEY_FILE", str(keys))
    return keys


def refused(done: object, code: int, *words: str) -> None:
    """One message with these words, the exit code, and no traceback."""
    told = done.stderr  # type: ignore[attr-defined]
    assert done.returncode == code, told  # type: ignore[attr-defined]
    assert "Traceback" not in told
    assert [word for word in words if word not in told] == [], told
    assert sum(line.startswith("fxwatch: ") for line in told.splitlines() if "FXWATCH_SEAL_KEY_FILE" not in line) == 1


def test_no_broker_at_start(fxwatch: Callable[..., object], free_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """It names the address and what to do, within seconds."""
    monkeypatch.setenv("FXWATCH_BOOTSTRAP", f"127.0.0.1:{free_port}")
    began = time.monotonic()
    refused(fxwatch("worker", "all"), 1, f"127.0.0.1:{free_port}", "FXWATCH_BOOTSTRAP")
    assert time.monotonic() - began < 30


def test_no_key_file(fxwatch: Callable[..., object], monkeypatch: pytest.MonkeyPatch) -> None:
    """The ingest role needs one; a development key is never a fallback."""
    monkeypatch.delenv("FXWATCH_KEY_FILE")
    refused(fxwatch("worker", "ingest"), 2, "FXWATCH_KEY_FILE")


def test_topics_missing(empty_broker: EmbeddedBroker, fxwatch: Callable[..., object]) -> None:
    """Nothing is created by a worker; it names the topics and the command."""
    refused(fxwatch("worker", "monitor"), 1, "fx.ledger.v1", "fxwatch topics apply")


def test_configuration_other_than_the_ledgers(
    empty_broker: EmbeddedBroker, fxwatch: Callable[..., object], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The worker names `rules apply`; after it the same configuration is in force."""
    assert fxwatch("topics", "apply").returncode == 0  # type: ignore[attr-defined]
    (tmp_path / "fxwatch.toml").write_text(STRICTER, "utf-8")
    monkeypatch.setenv("FXWATCH_CONFIG", str(tmp_path / "fxwatch.toml"))
    refused(fxwatch("worker", "all"), 1, "[rules]", "fxwatch rules apply")
    changed = fxwatch("rules", "apply", "--json")
    assert json.loads(changed.stdout)["changed"] is True  # type: ignore[attr-defined]
    shown = json.loads(fxwatch("rules", "show", "--json").stdout)  # type: ignore[attr-defined]
    assert shown["fingerprint"] == json.loads(changed.stdout)["fingerprint"]  # type: ignore[attr-defined]
    assert {
        limit["value"] for limit in shown["configuration"]["rules"]["T01"]["limits"] if limit["name"] == "document_line"
    } == {"3000"}
    # no ingest worker has brought it into the ledger yet, so it is sent again
    again = json.loads(fxwatch("rules", "apply", "--json").stdout)  # type: ignore[attr-defined]
    assert again == {"changed": True, "fingerprint": shown["fingerprint"], "models": [], "stopped": {}}


def test_topics_that_differ_and_a_port_that_is_taken(
    empty_broker: EmbeddedBroker, fxwatch: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another number of partitions cannot be mended; a taken port is named."""
    assert fxwatch("topics", "apply").returncode == 0  # type: ignore[attr-defined]
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused(fxwatch("worker", "monitor", "--web-port", port), 2, f"127.0.0.1:{port}", "--web-port")
    monkeypatch.setenv("FXWATCH_RAW_RETENTION_DAYS", "7")
    refused(fxwatch("worker", "all"), 1, "fx.transactions.v1", "retention.ms", "fxwatch topics apply")
    # a role is refused for its own topics, not for those that it neither reads nor writes
    refused(fxwatch("worker", "monitor"), 1, "fx.notices.v1", "retention.ms", "fxwatch topics apply")


def test_bad_configuration_is_told_all_at_once(
    fxwatch: Callable[..., object], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Faults of the file and of the environment, each with its place, in one message."""
    (tmp_path / "fxwatch.toml").write_text(
        'web_port = "high"\nno_such = 1\n[engine]\ntime_zone = "Mars/Olympus"\n', "utf-8"
    )
    monkeypatch.setenv("FXWATCH_CONFIG", str(tmp_path / "fxwatch.toml"))
    monkeypatch.setenv("FXWATCH_QUEUED_RUNS", "0")
    refused(fxwatch("worker", "all"), 2, "web_port", "no_such", "time_zone", "QUEUED_RUNS")
