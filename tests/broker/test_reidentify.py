"""`fxwatch reidentify` on a real broker: on the record first, or not at all."""

import gc
import json
import stat
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition

from streams.access import audit_log
from streams.kafka import topic_reader, topics
from streams.keys.sealed_identities import load_sealer
from streams.settings import load_settings
from tests.support.topic_deletion import delete_topics

pytestmark = pytest.mark.broker

TOKEN = "k1.0a3." + "5d" * 16
OTHER = "k1.0a4." + "5d" * 16
PARTITIONS = 12
SECONDS = 60.0


@pytest.fixture
def keys(tmp_path, fxwatch):
    """A key pair, as the command makes it."""
    done = fxwatch("reidentify", "--generate-keys", tmp_path / "keys")
    assert done.returncode == 0, done.stderr
    return tmp_path / "keys"


@pytest.fixture
def ready(empty_broker, fxwatch, keys):
    """Topics, and two identities of one token: the newer one counts."""
    done = fxwatch("topics", "apply")
    assert done.returncode == 0, done.stderr
    sealer = load_sealer(keys / "seal.pub")
    producer = KafkaProducer(bootstrap_servers=empty_broker.bootstrap)
    for place, identifier in enumerate(("old name", "900101-1234567")):
        key, value = sealer.record(TOKEN, identifier, 1_790_000_000_000)
        producer.send(
            topics.IDENTITIES,
            key=key,
            value=value,
            partition=0x0A3 % PARTITIONS,
            timestamp_ms=1_795_000_000_000 - place,
        ).get(60)
    # not where its slot says: found all the same
    key, value = sealer.record(OTHER, "stray", 1_790_000_000_000)
    producer.send(topics.IDENTITIES, key=key, value=value, partition=0).get(60)
    producer.close()
    return empty_broker


def log(bootstrap: str) -> list[tuple[int, bytes]]:
    """The committed audit records."""
    settings, place = load_settings(bootstrap=bootstrap), TopicPartition(topics.AUDIT, 0)
    written = KafkaConsumer(bootstrap_servers=bootstrap)
    deadline = time.monotonic() + SECONDS
    try:
        while True:
            with topic_reader.Reader(settings, [topics.AUDIT]) as reader:
                # a commit is acknowledged a moment before it is there for readers
                if written.end_offsets([place])[place] == next(iter(reader.ends.values())):
                    return [(record.offset, record.value) for _, records in reader.read_to_end() for record in records]
            assert time.monotonic() < deadline, f"a transaction is open for {SECONDS:.0f} s"
    finally:
        written.close()


def asked(fxwatch, keys, token, *more, key="seal.key"):
    return fxwatch("reidentify", token, "--case", "C-1", "--reason", "request 88", "--key-file", keys / key, *more)


def test_keys_are_private_and_never_overwritten(keys, fxwatch):
    """The private key's file is readable by its owner alone; a second call refuses."""
    assert stat.S_IMODE((keys / "seal.key").stat().st_mode) == 0o600
    before = (keys / "seal.key").read_bytes()
    done = fxwatch("reidentify", "--generate-keys", keys)
    assert done.returncode == 2
    assert (keys / "seal.key").read_bytes() == before


def test_the_identifier_comes_with_an_audit_record(ready, fxwatch, keys):
    """The newest identifier is printed, and the log holds who, why, for which case and the outcome, chained."""
    done = asked(fxwatch, keys, TOKEN)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "900101-1234567\n"
    stray = json.loads(asked(fxwatch, keys, OTHER, "--json").stdout)
    assert stray["identifier"] == "stray"
    records = log(ready.bootstrap)
    assert list(audit_log.find_breaks(records)) == []
    first, second = (json.loads(value) for _, value in records)
    assert (first["kind"], first["token"], first["case"], first["reason"], first["outcome"]) == (
        "reidentify",
        TOKEN,
        "C-1",
        "request 88",
        "opened",
    )
    assert first["who"]["user"] == audit_log.read_account().user
    assert first["previous"] == audit_log.FIRST
    assert second["previous"] == audit_log.digest(records[0][1])
    assert stray["audit"]["sha256"] == audit_log.digest(records[1][1])
    assert b"900101" not in b"".join(value for _, value in records)
    done = fxwatch("reidentify", "--check-audit")
    assert (done.returncode, done.stdout) == (0, "2 audit records, chain whole\n")


def test_failed_attempts_are_recorded_too(ready, fxwatch, keys, tmp_path):
    """Unknown token, malformed token, another key, no key: a clear error each, and a record each."""
    assert fxwatch("reidentify", "--generate-keys", tmp_path / "other").returncode == 0
    unknown = asked(fxwatch, keys, "k1.001." + "00" * 16)
    malformed = asked(fxwatch, keys, "900101-1234567")
    wrong = asked(fxwatch, tmp_path / "other", TOKEN)
    absent = asked(fxwatch, keys, TOKEN, key="nothing")
    for done, code, said in (
        (unknown, 1, "no identity is kept"),
        (malformed, 2, "not a token"),
        (wrong, 2, "does not open"),
        (absent, 2, "cannot read the private key file"),
    ):
        assert (done.returncode, done.stdout) == (code, "")
        assert said in done.stderr
    values = [value for _, value in log(ready.bootstrap)]
    assert b"900101" not in b"".join(values), "what somebody typed by mistake is in the log for ever"
    outcomes = [json.loads(value)["outcome"] for value in values]
    assert outcomes == [
        "refused: token.unknown",
        "refused: token.malformed",
        "refused: identity.unopened",
        "refused: keys.invalid",
    ]


def test_a_log_created_anew_is_refused_by_its_anchors(ready, fxwatch, keys, tmp_path, monkeypatch):
    """Three openings are anchored; the topic is deleted and made again with a whole chain: nothing is opened."""
    monkeypatch.setenv("FXWATCH_AUDIT_ANCHOR_FILE", str(tmp_path / "anchors"))
    for _ in range(3):
        assert asked(fxwatch, keys, TOKEN).returncode == 0
    assert fxwatch("reidentify", "--check-audit").returncode == 0
    delete_topics(ready.bootstrap, topics.AUDIT)
    assert fxwatch("topics", "apply").returncode == 0
    audit_log.write(load_settings(bootstrap=ready.bootstrap), "reidentify", TOKEN, "c", "r", "opened")
    assert list(audit_log.find_breaks(log(ready.bootstrap))) == []
    for done in (asked(fxwatch, keys, TOKEN), fxwatch("reidentify", "--check-audit")):
        assert done.returncode == 1
        assert "the audit log was changed" in done.stderr
        assert "900101" not in done.stdout
    assert len(log(ready.bootstrap)) == 1


def test_without_an_audit_log_nothing_is_shown(ready, fxwatch, keys):
    """When the record cannot be written the identifier stays closed."""
    admin = KafkaAdminClient(bootstrap_servers=ready.bootstrap)
    try:
        admin.delete_topics([topics.AUDIT])
    finally:
        admin.close()
    done = asked(fxwatch, keys, TOKEN)
    assert (done.returncode, done.stdout) == (1, "")
    assert topics.AUDIT in done.stderr


def test_two_officers_at_once_do_not_fork_the_chain(ready, caplog):
    """Of several writers some may be refused, but the log is one chain and keeps all that was acknowledged."""
    settings = load_settings(bootstrap=ready.bootstrap)

    def one(number: int) -> audit_log.AuditReceipt | audit_log.AuditError:
        try:
            return audit_log.write(settings, "test", f"t{number}", "c", "r", "opened")
        except audit_log.AuditError as refused:
            return refused

    with ThreadPoolExecutor(4) as officers:
        results = list(officers.map(one, range(4)))
    gc.collect()
    assert [each for each in caplog.records if each.name == "asyncio"] == [], "a traceback would reach the terminal"
    written = [each for each in results if isinstance(each, audit_log.AuditReceipt)]
    assert written
    records = log(ready.bootstrap)
    assert list(audit_log.find_breaks(records)) == []
    assert {each.offset for each in written} <= {offset for offset, _ in records}


@pytest.mark.parametrize("left_out", ["--case", "--reason", "--key-file"])
def test_case_reason_and_key_are_required(fxwatch, left_out):
    """Each of them is asked for by name, before anything is read."""
    arguments = {"--case": "c", "--reason": "r", "--key-file": "k"}
    del arguments[left_out]
    done = fxwatch("reidentify", TOKEN, *(part for pair in arguments.items() for part in pair))
    assert done.returncode == 2
    assert left_out in done.stderr
