"""`fxwatch rules stop` and `resume`: what is sent, what is said, and what approvers do instead."""

import json
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner
from nacl.signing import SigningKey

from detectors.contracts.configuration import Configuration, fingerprint
from streams.cli.rules import command
from streams.decisions import emergency_stop
from streams.decisions.approve_configuration import InForce, read_proposal
from streams.errors import UsageError
from streams.kafka import topics
from streams.ledger import configuration_in_force
from tests.support.ledger import configuration

PLAIN = configuration()
STOPPED = msgspec.structs.replace(PLAIN, stopped={"statistical_alerts": "cents"})
HAN = SigningKey(bytes([1]) * 32)
LINE = "statistical_alerts are stopped: cents; taken back by: fxwatch rules resume statistical_alerts"


class Cluster:
    """What is in force, and what was sent."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, there: Configuration) -> None:
        self.there, self.sent = there, []
        monkeypatch.setattr(topics, "require", lambda _settings: None)
        for module in (configuration_in_force, emergency_stop):
            monkeypatch.setattr(module, "in_force", lambda _settings: self.there)
        monkeypatch.setattr(configuration_in_force, "send_change", self.send)
        monkeypatch.setattr(
            "streams.decisions.approve_configuration.read_in_force", lambda _: InForce(self.there, None)
        )

    def send(self, _settings: object, one: Configuration) -> bool:
        """Keep it."""
        self.sent.append(one)
        return one != self.there

    def run(self, *words: str) -> str:
        """The command's output. Raises what it raised."""
        done = CliRunner().invoke(command, words)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done.output


def test_a_stop_is_sent_as_what_is_in_force_and_the_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of this machine has no part in it."""
    cluster = Cluster(monkeypatch, msgspec.structs.replace(PLAIN, desks={}))
    told = cluster.run("stop", "statistical_alerts", "--reason", "cents")
    assert cluster.sent == [msgspec.structs.replace(STOPPED, desks={})]
    assert told == f"{fingerprint(cluster.sent[0])} is in force from here on\n{LINE}\n"


def test_it_is_taken_back_by_one_command(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = Cluster(monkeypatch, STOPPED)
    told = json.loads(cluster.run("resume", "statistical_alerts", "--json"))
    assert cluster.sent == [PLAIN]
    assert told == {"changed": True, "fingerprint": fingerprint(PLAIN), "models": [], "stopped": {}}


def test_what_is_not_stopped_is_not_resumed(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = Cluster(monkeypatch, PLAIN)
    with pytest.raises(UsageError, match="nothing is to be taken back"):
        cluster.run("resume", "statistical_alerts")
    assert cluster.sent == []


def test_a_file_is_applied_under_the_stop_that_is_in_force(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its difference from the one in force is no end of the stop either."""
    cluster = Cluster(monkeypatch, STOPPED)
    assert cluster.run("apply").endswith(f"{LINE}\n")
    assert cluster.sent[0].stops == STOPPED.stops
    assert "stopped" not in cluster.run("diff")


def test_where_approvers_are_named_it_is_a_proposal(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing is sent; without a file, a name and a key nothing is done."""
    locked = msgspec.structs.replace(PLAIN, approvers={"Han": HAN.verify_key.encode().hex(), "Kim": "0" * 64})
    cluster, stop = Cluster(monkeypatch, locked), ("stop", "statistical_alerts", "--reason", "cents")
    with pytest.raises(UsageError, match="two people change what is in force here, in an emergency too"):
        cluster.run(*stop)
    key, file = tmp_path / "han.key", tmp_path / "stop.json"
    key.touch(mode=0o600)
    key.write_text(HAN.encode().hex())
    cluster.run(*stop, "--proposal", str(file), "--approver", "Han", "--sign-key", str(key))
    proposal = read_proposal(file)
    assert (proposal.configuration.stops, proposal.approvals.reason) == ({"statistical_alerts": "cents"}, "cents")
    assert cluster.sent == []
