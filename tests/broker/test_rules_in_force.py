"""What `rules show` tells is what every ledger partition has; configurations elsewhere are in force nowhere.

Where approvers are named, two of them change it, and nobody else does.
"""

import json
import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest
import tomli_w
from kafka import KafkaProducer
from nacl.signing import SigningKey

from detectors.typologies import REGISTRY
from streams.contracts.inputs import RulesRecord
from streams.demo.broker import EmbeddedBroker
from streams.kafka import topics
from streams.settings import overlay_configuration
from tests.support.bank import ready
from tests.support.cluster import Cluster
from tests.support.worker_process import Worker

pytestmark = pytest.mark.broker

STOPPING = overlay_configuration({})
STOPPING = msgspec.structs.replace(STOPPING, engine=msgspec.structs.replace(STOPPING.engine, rate_stale_hours=1e300))
OFF = overlay_configuration({"rules": {name: {"enabled": False} for name in (each.id for each in REGISTRY)}})


def written(bootstrap: str, partition: int, event_id: str, configuration: object) -> None:
    value = msgspec.json.encode(RulesRecord(event_id=event_id, configuration=configuration))
    producer = KafkaProducer(bootstrap_servers=bootstrap)
    producer.send(topics.RULES, value, b"configuration", partition=partition).get(30)
    producer.close()


def refusal_told(cluster: Cluster, worker: Worker) -> dict[str, Any]:
    """/readyz of a worker that is as ready as before, and says that a configuration is refused."""
    return cluster.once(
        lambda: ready(worker), lambda page: page["ready"] and "notes" in page, 30, "nobody says that it is refused"
    )


def test_typologies_cannot_be_switched_off_unseen(empty_broker: EmbeddedBroker, tmp_path: Path) -> None:
    """All off, written to partition 5: a dead letter, nothing changes. Written to partition 0: in force, and shown."""
    with Cluster(empty_broker.bootstrap, tmp_path, session_timeout_seconds=6) as cluster:
        [worker] = cluster.start("all")

        def shown() -> dict:
            return json.loads(cluster.fxwatch("rules", "show", "--json").stdout)

        before = shown()
        assert (before["switched_off"], before["ledger"], before["elsewhere"]) == ([], None, 0)
        written(empty_broker.bootstrap, 5, "stranger", OFF)
        cluster.until(lambda: len(cluster.dead_letters()) == 1, 30, "no dead letter")
        (letter,) = cluster.dead_letters()
        assert letter.codes == ("configuration.partition",)
        after = shown()
        assert (after["fingerprint"], after["elsewhere"], after["switched_off"]) == (before["fingerprint"], 1, [])
        assert worker.metric_now("fxwatch_typology_enabled", typology="T01") == 1

        written(empty_broker.bootstrap, 0, "operator", OFF)
        cluster.until(lambda: worker.metric("fxwatch_typology_enabled", typology="T01") == 0, 30, "not in force")
        cluster.wait_drained()
        told = shown()
        assert told["switched_off"] == [each.id for each in REGISTRY]
        assert [offset for _, offset in sorted(told["ledger"].items())] == [1] * 12
        assert (
            f"typologies switched off: {', '.join(each.id for each in REGISTRY)}"
            in cluster.fxwatch("rules", "show").stdout
        )

        # refused: OFF stays in force, the worker is as ready as before and says so, until one is accepted
        written(empty_broker.bootstrap, 0, "stops every partition", STOPPING)
        said = refusal_told(cluster, worker)
        assert "the newest configuration (fx.rules.v1[0] at offset 1) is refused" in said["notes"][0]
        assert shown()["fingerprint"] == told["fingerprint"]
        written(empty_broker.bootstrap, 0, "operator again", OFF)
        cluster.until(lambda: "notes" not in ready(worker), 30, "the note stays")
        cluster.wait_drained()
        cluster.stop_all()
        refused = cluster.fxwatch("worker", "monitor", check=False)
        assert refused.returncode == 1
        assert "fxwatch rules apply" in refused.stderr


def test_a_stop_and_its_end_are_one_command_each(empty_broker: EmbeddedBroker, tmp_path: Path) -> None:
    """No file changes and no worker is started anew; one that starts with its file under the stop does start."""
    with Cluster(empty_broker.bootstrap, tmp_path, session_timeout_seconds=6) as cluster:
        [worker] = cluster.start("all")
        before = json.loads(cluster.fxwatch("rules", "show", "--json").stdout)["fingerprint"]
        cluster.fxwatch("rules", "stop", "statistical_alerts", "--reason", "cents")
        stopped = {"what": "statistical_alerts"}
        cluster.until(lambda: worker.metric("fxwatch_stopped", **stopped) == 1, 30, "not stopped")
        line = "statistical_alerts are stopped: cents; taken back by: fxwatch rules resume statistical_alerts"
        cluster.until(lambda: ready(worker).get("notes") == [line], 30, "no note")
        assert ready(worker)["ready"] is True
        assert f"from here on {line}" in worker.log.read_text()
        assert f"# {line}" in cluster.fxwatch("rules", "show").stdout
        kept = json.loads(cluster.fxwatch("rules", "apply", "--json").stdout)
        assert (kept["changed"], kept["stopped"]) == (False, {"statistical_alerts": "cents"})
        cluster.stop_all()
        [worker] = cluster.start("all")
        assert line in worker.log.read_text()
        cluster.fxwatch("rules", "resume", "statistical_alerts")
        cluster.until(lambda: "notes" not in ready(worker), 30, "the note stays")
        assert worker.metric_now("fxwatch_stopped", **stopped) == 0
        assert json.loads(cluster.fxwatch("rules", "show", "--json").stdout)["fingerprint"] == before
        again = cluster.fxwatch("rules", "resume", "statistical_alerts", check=False)
        assert (again.returncode, "nothing is to be taken back" in again.stderr) == (2, True)


def test_two_approvers_change_the_rules_and_one_does_not(empty_broker: EmbeddedBroker, tmp_path: Path) -> None:
    """From development mode to approved changes, through the commands; what one person sends is a dead letter."""
    keys = {name: SigningKey(bytes([number]) * 32) for number, name in enumerate(("Han", "Kim"), 1)}
    for name, key in keys.items():
        path = tmp_path / f"{name}.key"
        path.touch(mode=0o600)
        path.write_text(key.encode().hex())
    approvers = {name: key.verify_key.encode().hex() for name, key in keys.items()}
    with Cluster(empty_broker.bootstrap, tmp_path, session_timeout_seconds=6) as cluster:
        configured = Path(cluster.environment["FXWATCH_CONFIG"])
        tables = tomllib.loads(configured.read_text())

        def sign(command: str, file: str, name: str, *more: str, check: bool = True) -> str:
            key = ("--approver", name, "--sign-key", str(tmp_path / f"{name}.key"))
            done = cluster.fxwatch("rules", command, str(tmp_path / file), *key, *more, check=check)
            return done.stdout + done.stderr

        [worker] = cluster.start("all")
        assert "development mode" in worker.log.read_text()
        configured.write_text(tomli_w.dumps(tables | {"approvers": approvers}))
        refused = cluster.fxwatch("rules", "apply", check=False)
        assert refused.returncode == 1
        assert "the configuration is not approved; got: nobody approved it" in refused.stderr
        assert f"+ [approvers] Kim: {approvers['Kim']}" in sign(
            "propose", "first.json", "Han", "--reason", "two people"
        )
        assert "one person cannot approve what they proposed" in sign(
            "approve", "first.json", "Han", "--yes", check=False
        )
        assert "approved by Han and Kim" in sign("approve", "first.json", "Kim", "--yes")
        cluster.wait_drained()
        told = json.loads(cluster.fxwatch("rules", "show", "--json").stdout)
        assert sorted(told["approvals"]["signatures"]) == ["Han", "Kim"]
        assert [offset for _, offset in sorted(told["ledger"].items())] == [1] * 12

        written(empty_broker.bootstrap, 0, "one person", OFF)
        cluster.until(lambda: len(cluster.dead_letters()) == 1, 30, "one person's change is no dead letter")
        assert cluster.dead_letters()[0].codes == ("configuration.refused",)
        after = json.loads(cluster.fxwatch("rules", "show", "--json").stdout)
        assert after["fingerprint"] == told["fingerprint"]
        assert worker.metric_now("fxwatch_typology_enabled", typology="T01") == 1
        said = refusal_told(cluster, worker)
        assert "the newest configuration (fx.rules.v1[0] at offset 1) is refused" in said["notes"][0]
        cluster.stop_all()

        # a new worker reads the state or replays: the approved one is in force, and it starts with the same file only
        [again] = cluster.start("all")
        assert "development mode" not in again.log.read_text()
        cluster.until(lambda: ready(again).get("notes") == said["notes"], 30, "a new worker does not say so")
        assert "1 audit records, chain whole" in cluster.fxwatch("reidentify", "--check-audit").stdout
