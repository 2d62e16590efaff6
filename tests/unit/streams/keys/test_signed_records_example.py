"""What senders are given: the example of docs/SECURITY.md as it stands, and `fxwatch publish --sign-key`."""

import json
import re
from types import SimpleNamespace

import kafka
import pytest
from click.testing import CliRunner

from streams.cli.publish import command
from streams.contracts.input_record import ArrivedRecord
from streams.contracts.inputs import PROFILES, TRANSACTIONS
from streams.contracts.record_headers import HISTORY_HEADER
from streams.keys.sender_key_file import read_sender_keys
from streams.keys.sender_keys import Proof, SenderKeys
from streams.keys.signed_records import SIGNATURE
from streams.publication import sending
from streams.publication.sending import PublishSummary
from tests.support.certificates import secret_file
from tests.support.pipeline import GOOD
from tests.support.repository import ROOT
from tests.support.signing import BANK, BANKS, EXAMPLE

PAGE = ROOT / "docs" / "SECURITY.md"
BODY = GOOD[TRANSACTIONS]


def judged(record):
    return BANKS.judge(ArrivedRecord(TRANSACTIONS, 0, 0, 0, *record), {"institution": "SHBKKRSE"})


@pytest.mark.parametrize("headers", [(), (("traceparent", b"00"), HISTORY_HEADER)])
def test_what_the_documents_example_sends_is_believed(monkeypatch, headers):
    """With and without headers that are covered; one byte more in the value, and it is not."""
    sent = []

    class Producer:
        def __init__(self, **options):
            assert options == {"bootstrap_servers": "broker:9092"}

        def send(self, topic, value, key, headers):
            sent.append((topic, key, value, headers))
            return SimpleNamespace(get=lambda seconds: None)

        def close(self):
            sent.append("closed")

    monkeypatch.setattr(kafka, "KafkaProducer", Producer)
    names = {}
    exec(EXAMPLE, names)
    value = json.dumps(BODY).encode()
    names["send"]("broker:9092", bytes(BANK), TRANSACTIONS, b"P-1", value, headers)
    [(topic, key, held, got), closed] = sent
    assert (topic, key, held, got[:-1], closed) == (TRANSACTIONS, b"P-1", value, list(headers), "closed")
    assert judged((key, held, got)) == Proof("SHBKKRSE")
    assert judged((key, held + b" ", got)).outcome == "signature.wrong"


def test_the_example_of_the_file_is_a_file():
    """Every line of it is understood."""
    [text] = re.findall(r"^    require = .*?\n\n(?=\*)", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    keys, required, problems = read_sender_keys("\n".join(line[4:] for line in text.splitlines()))
    assert problems == []
    assert required == []
    senders = SenderKeys(keys)
    assert senders.institutions == ("BANKKRSE", "SHBKKRSE")
    assert (senders.officers, senders.feeds, senders.topics) == (("kim min-su",), ("ecb",), (PROFILES,))


@pytest.fixture
def published(monkeypatch):
    """The records that `fxwatch publish` would send."""
    records = []

    def keep(settings, some, rate, progress, *, slow):
        records.extend(some)
        return PublishSummary(records=len(records))

    monkeypatch.setattr(sending, "publish_records", keep)
    return records


def test_publish_signs_every_record_it_sends(tmp_path, published):
    """The mark of history is covered."""
    path = tmp_path / f"{TRANSACTIONS}.jsonl"
    path.write_text(json.dumps(BODY) + "\n")
    key = secret_file(tmp_path / "bank.key", bytes(BANK).hex())
    done = CliRunner().invoke(command, [str(path), "--history", "--sign-key", str(key)])
    assert done.exit_code == 0, done.output
    [record] = published
    assert record.topic == TRANSACTIONS
    assert record.headers[0] == HISTORY_HEADER
    assert [name for name, _ in record.headers].count(SIGNATURE) == 1
    assert judged((record.key, record.value, record.headers)) == Proof("SHBKKRSE")


def test_publish_without_a_key_sends_what_it_sent_before(tmp_path, published):
    """No header of ours."""
    path = tmp_path / f"{TRANSACTIONS}.jsonl"
    path.write_text(json.dumps(BODY) + "\n")
    assert CliRunner().invoke(command, [str(path)]).exit_code == 0
    assert published[0].headers == ()


def test_a_key_that_others_can_read_sends_nothing(tmp_path, published):
    """Refused before anything is sent, with what to do."""
    path = tmp_path / f"{TRANSACTIONS}.jsonl"
    path.write_text(json.dumps(BODY) + "\n")
    key = secret_file(tmp_path / "bank.key", bytes(BANK).hex())
    key.chmod(0o644)
    done = CliRunner().invoke(command, [str(path), "--sign-key", str(key)])
    assert done.exit_code != 0
    assert "by others" in str(done.exception.message)
    assert published == []
