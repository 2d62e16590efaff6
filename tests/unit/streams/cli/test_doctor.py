"""`fxwatch doctor`: what a machine lacks for what it is to do, each with what to do."""

import json
import sys
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner

from detectors.ranking.outlook import Learned
from streams.cli import doctor
from streams.demo.broker import java
from streams.desk import volume as volume_room
from streams.desk.volume import Volume
from streams.errors import BrokerStartError, BrokerUnavailableError, NotAuthorizedError
from streams.installation.extras import LIBRARIES
from streams.kafka import topics
from streams.settings import Settings


@pytest.fixture(autouse=True)
def bare_machine(monkeypatch, tmp_path):
    """No fxwatch environment, no broker; a broker that is asked for does not answer, at once."""
    for name in ("FXWATCH_CONFIG", "FXWATCH_BOOTSTRAP", "FXWATCH_KEY_FILE", "FXWATCH_SEAL_KEY_FILE"):
        monkeypatch.delenv(name, raising=False)

    def silent(settings):
        raise BrokerUnavailableError("no Kafka broker answers", got=settings.bootstrap, todo="start one")

    monkeypatch.setattr(topics, "connect", silent)
    return tmp_path


def run_doctor():
    done = CliRunner().invoke(doctor.command, ["--json"])
    report = json.loads(done.output)
    assert report["ok"] == (done.exit_code == 0)
    return report["ok"], {check["name"]: check for check in report["checks"]}


def test_doctor_is_content_with_a_machine_that_can_run_the_demo(monkeypatch):
    """Without a broker, a key file or an own configuration nothing needed lacks; each absent thing says what to do."""
    monkeypatch.setattr(java, "find_java", lambda: ("java", 17))
    ok, checks = run_doctor()
    assert ok
    assert checks["python"]["ok"]
    assert checks["configuration"]["ok"]
    for name in ("broker", "topics", "key file", "seal key"):
        assert not checks[name]["ok"]
        assert not checks[name]["needed"]
        assert checks[name]["todo"]


def test_doctor_fails_without_java_when_no_broker_answers(monkeypatch):
    """The embedded broker needs Java; without either nothing can run."""

    def none():
        raise BrokerStartError("no usable Java runtime", got="version 11", todo="install one")

    monkeypatch.setattr(java, "find_java", none)
    ok, checks = run_doctor()
    assert not ok
    assert checks["java"]["needed"]
    assert "version 11" in checks["java"]["found"]


def test_doctor_fails_when_a_named_broker_does_not_answer(monkeypatch):
    """Who names a cluster needs that cluster."""
    monkeypatch.setenv("FXWATCH_BOOTSTRAP", "127.0.0.1:1")
    ok, checks = run_doctor()
    assert not ok
    assert checks["broker"] == {
        "name": "broker",
        "ok": False,
        "needed": True,
        "todo": "start one",
        "found": "no Kafka broker answers; got: 127.0.0.1:1",
    }


def test_doctor_asks_a_workers_machine_for_a_broker_and_not_for_java(monkeypatch):
    """Without the extra `demo` it cannot start a broker of its own: one that answers is needed, Java is not."""
    for module in LIBRARIES["testbed"]:
        monkeypatch.setitem(sys.modules, module, None)

    def none():
        raise BrokerStartError("no usable Java runtime", got="none", todo="install one")

    monkeypatch.setattr(java, "find_java", none)
    ok, checks = run_doctor()
    assert not ok
    assert [name for name, check in checks.items() if check["needed"] and not check["ok"]] == ["broker"]
    assert checks["extra demo"]["found"] == "not installed: jgo, CurrencyConverter, holidays"
    assert "pip install 'fxwatch[testbed]'" in checks["extra testbed"]["todo"]


def test_doctor_names_every_fault_of_a_key_file_and_no_key(monkeypatch, tmp_path):
    """A malformed key file fails the check with its lines; key material is never shown."""
    path = tmp_path / "keys"
    path.write_text(f"k1 = {'ab' * 31}\nK2 = {'cd' * 32}\n")
    path.chmod(0o600)
    monkeypatch.setenv("FXWATCH_KEY_FILE", str(path))
    ok, checks = run_doctor()
    assert not ok
    assert "line 1" in checks["key file"]["found"]
    assert "line 2" in checks["key file"]["found"]
    assert "abab" not in json.dumps(checks)
    path.write_text(f"k1 = {'ab' * 32}\n")
    assert run_doctor()[1]["key file"]["ok"]


def test_doctor_lists_every_problem_of_the_configuration(monkeypatch, tmp_path):
    """With a configuration that cannot be used, doctor still reports, with each problem, and fails."""
    path = tmp_path / "fxwatch.toml"
    path.write_text("web_port = 'x'\nno_such_setting = 1\n")
    monkeypatch.setenv("FXWATCH_CONFIG", str(path))
    ok, checks = run_doctor()
    assert not ok
    assert "web_port" in checks["configuration"]["found"]
    assert "no_such_setting" in checks["configuration"]["found"]
    assert "java" in checks


def test_doctor_prints_a_line_for_each_check_with_what_to_do():
    """For people: state, name, what was found, and what to do where something is absent."""
    lines = CliRunner().invoke(doctor.command, []).output.splitlines()
    (keys,) = [line for line in lines if "key file" in line]
    assert keys.startswith("absent")
    assert "to do: set FXWATCH_KEY_FILE" in keys
    assert any(line.startswith("ok       python") for line in lines)


@pytest.mark.parametrize(
    ("fault", "broker", "topic_table"),
    [
        (NotAuthorizedError("may not describe topics", got="fx.audit.v1"), (True, True), "may not describe them all"),
        (BrokerUnavailableError("no Kafka broker answers"), (False, True), "not looked at"),
    ],
    ids=["a role with few rights", "nobody answers"],
)
def test_a_role_that_may_not_see_all_topics_is_not_told_that_the_broker_lacks(monkeypatch, fault, broker, topic_table):
    """Of fourteen roles the operator alone may describe every topic; no grant of the table would change that."""

    def refusing(_):
        raise fault

    monkeypatch.setattr(topics, "connect", refusing)
    told, of_topics = doctor.broker_and_topics(Settings(bootstrap="127.0.0.1:1"))
    assert [(told.ok, told.needed), of_topics.needed] == [broker, False]
    assert topic_table in of_topics.found
    assert "acls --apply" not in told.todo + of_topics.todo


@pytest.mark.parametrize(
    ("a_day", "each", "volume", "ranks", "fine"),
    [
        (60, 0, "60 payments a day over 12 partitions, 5.0 in each.", "All of them rank in some 6 days.", False),
        (60, 450, "60 payments a day", "All 12 partitions rank payments.", True),
        (3_000, 30, "3,000 payments a day", "Counting alone suffices in some 1 days.", False),
        (1_000_000, 90_000, "1,000,000 payments a day", "always rest on a fitted tail here", True),
    ],
)
def test_doctor_says_when_scores_become_useful(monkeypatch, a_day, each, volume, ranks, fine):
    """At this deployment's volume, in words and as figures; it is never needed, because rules alert whatever it is."""
    everyone = min(120_000, 12 * each)
    learned = Learned(partitions=dict.fromkeys(range(12), each), everyone=everyone)
    monkeypatch.setattr(volume_room, "read_volume", lambda settings, now: Volume(days={"2026-03-09": a_day}, today=7))
    monkeypatch.setattr(volume_room, "read_learned", lambda settings: learned)
    found, checks = doctor.volume(Settings(), datetime(2026, 3, 10, tzinfo=UTC))
    told = {check.name: check for check in checks}
    assert told["volume"].found.startswith(volume)
    assert f"By day: 2026-03-09 {a_day:,}; today so far 7." in told["volume"].found
    assert "Rules alert from the first payment on." in told["ranks"].found
    assert ranks in told["ranks"].found
    assert (told["ranks"].ok, told["ranks"].needed) == (fine, False)
    assert found is not None
    assert found.payments_a_day == a_day


def test_a_volume_that_cannot_be_looked_at_is_no_fault_of_the_machine(monkeypatch):
    """A client that may not read the topics is told so, and nothing needed lacks."""

    def denied(settings, now):
        raise NotAuthorizedError("this client may not read fx.transactions.v1", todo="as the operator")

    monkeypatch.setattr(volume_room, "read_volume", denied)
    found, (check,) = doctor.volume(Settings(), datetime(2026, 3, 10, tzinfo=UTC))
    assert found is None
    assert (check.name, check.ok, check.needed) == ("volume", False, False)
