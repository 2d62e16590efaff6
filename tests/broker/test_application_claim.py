"""Two applications by mistake on one cluster's topics: one of them, and never both, gets to work."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from kafka import KafkaAdminClient, KafkaProducer

from streams.demo.broker import EmbeddedBroker
from streams.errors import OtherApplicationError, ProgressError
from streams.kafka import topics
from streams.partition import application_claim
from streams.settings import Settings, load_settings
from tests.support.cluster import Cluster

pytestmark = pytest.mark.broker

PARTITIONS = {"engine": {"partitions": 1}}


def named(broker: EmbeddedBroker, name: str) -> Settings:
    """Settings of an application of this name."""
    return load_settings(bootstrap=broker.bootstrap, application=name, effective_tables=PARTITIONS)


@pytest.fixture
def cluster_of_nobody(empty_broker: EmbeddedBroker) -> EmbeddedBroker:
    """Topics that no application has claimed."""
    admin = KafkaAdminClient(bootstrap_servers=empty_broker.bootstrap)
    topics.apply(admin, named(empty_broker, "nobody"))
    admin.close()
    return empty_broker


def test_of_several_first_claims_exactly_one_holds(cluster_of_nobody: EmbeddedBroker) -> None:
    """Four names at the same moment: one is taken, every other is told which."""

    def claims(name: str) -> str:
        try:
            application_claim.require(named(cluster_of_nobody, name))
        except OtherApplicationError as fault:
            return str(fault.expected)
        return f"FXWATCH_APPLICATION={name}, here"

    names = ["a", "b", "c", "d"]
    with ThreadPoolExecutor(4) as together:
        told = list(together.map(claims, names))
    [holder] = {word.partition(",")[0].partition("=")[2] for word in told}
    assert holder in names
    assert sum(word.endswith("here") for word in told) == 1
    application_claim.require(named(cluster_of_nobody, holder))


def test_a_claim_that_cannot_be_read_is_told(cluster_of_nobody: EmbeddedBroker) -> None:
    """Not taken for none: the topics may be another's."""
    producer = KafkaProducer(bootstrap_servers=cluster_of_nobody.bootstrap)
    producer.send(topics.PROGRESS, b'{"name":"b"}', application_claim.KEY, partition=0).get(30)
    producer.close()
    with pytest.raises(ProgressError, match="cannot be read"):
        application_claim.require(named(cluster_of_nobody, "a"))


def test_a_second_name_is_refused_and_a_new_one_is_taken_on_purpose(
    empty_broker: EmbeddedBroker, tmp_path: Path
) -> None:
    """A worker of another name does not start, nor is its name taken over, while the first one's workers run.

    After they have stopped it may be: everything is read again, and nothing is applied or published twice.
    """
    with Cluster(empty_broker.bootstrap, tmp_path, session_timeout_seconds=6, application="first") as cluster:
        cluster.start("all")
        cluster.fxwatch("simulate", "--events", 500, "--seed", 2, "--publish")
        cluster.wait_drained(60)
        before = cluster.digests("--from-ledger")
        other = cluster.environment
        cluster.environment = other | {"FXWATCH_APPLICATION": "second"}
        for refused in (("worker", "all"), ("topics", "apply"), ("topics", "take-over")):
            done = cluster.fxwatch(*refused, check=False)
            assert done.returncode == 2, done.stderr
            assert "first" in done.stderr
            assert "Traceback" not in done.stderr
        assert "fxwatch topics take-over" in cluster.fxwatch("worker", "all", check=False).stderr
        cluster.stop_all()
        assert "second's, no more first's" in cluster.fxwatch("topics", "take-over").stdout
        cluster.settings = cluster.settings.model_copy(update={"application": "second"})
        cluster.start("all")
        cluster.wait_drained(60)
        after = cluster.digests("--from-ledger")
        total = {name: sum(one[name] for one in after) for name in ("redelivered", "applied")}
        assert total["applied"] == sum(one["applied"] for one in before)
        assert total["redelivered"] > 0
        cluster.environment = other
        assert cluster.fxwatch("topics", "apply", check=False).returncode == 2
        cluster.environment = other | {"FXWATCH_APPLICATION": "second"}
        cluster.stop_all()
        cluster.fxwatch("reconcile")
