"""`fxwatch version` shows what alerts carry."""

import json
from importlib import metadata

import pytest
from click.testing import CliRunner

from detectors.contracts.configuration import fingerprint
from streams.cli import version
from streams.errors import BrokerUnavailableError
from streams.kafka import topics
from streams.settings import load_settings


@pytest.fixture(autouse=True)
def bare_machine(monkeypatch, tmp_path):
    """No fxwatch environment, no broker; a broker that is asked for does not answer, at once."""
    for name in ("FXWATCH_CONFIG", "FXWATCH_BOOTSTRAP", "FXWATCH_KEY_FILE", "FXWATCH_SEAL_KEY_FILE"):
        monkeypatch.delenv(name, raising=False)

    def silent(settings):
        raise BrokerUnavailableError("no Kafka broker answers", got=settings.bootstrap, todo="start one")

    monkeypatch.setattr(topics, "connect", silent)
    return tmp_path


def test_version_shows_what_alerts_carry():
    """The four versions are the package's release and the fingerprints of what is configured."""
    effective = load_settings().effective
    done = CliRunner().invoke(version.command, ["--json"])
    assert json.loads(done.output) == {
        "code": metadata.version("fxwatch"),
        "config": fingerprint(effective),
        "detectors": fingerprint(effective.detectors),
        "rules": fingerprint(effective.rules),
    }


def test_version_follows_the_configuration_file(monkeypatch, tmp_path):
    """Another seed of the detectors gives other fingerprints of detectors and configuration, the same of the rules."""
    before = json.loads(CliRunner().invoke(version.command, ["--json"]).output)
    path = tmp_path / "fxwatch.toml"
    path.write_text("[detectors]\nseed = 7\n")
    monkeypatch.setenv("FXWATCH_CONFIG", str(path))
    after = json.loads(CliRunner().invoke(version.command, ["--json"]).output)
    assert {name for name in before if before[name] != after[name]} == {"config", "detectors"}
