"""The brokers that the compose files describe, run for real without Docker, and fxwatch's services against them.

What the files say is taken as it stands, the entry point's script too. Replaced are only what a container gives: paths,
ports, the host name `kafka`, and Kafka's own scripts, which begin the same Java programs.
"""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from streams.demo.broker.jars import obtain_all
from streams.demo.broker.java import find_java
from streams.demo.broker.ports import find_free_ports
from tests.support.certificates import Authority, secret_file
from tests.support.cluster import PATIENCE
from tests.support.worker_process import ROOT, Worker

pytestmark = pytest.mark.broker

BASE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
SECURED = yaml.safe_load((ROOT / "deploy" / "compose" / "secured.yml").read_text())["services"]
START_SECONDS = 60.0 * PATIENCE
ROLES = ("admin", "operator", "ingest", "monitor", "shared")
# what the image's scripts give Java beside its arguments; C1 alone, because it lives for seconds
OPTIONS = "-Xmx384m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Dlog4j2.level=WARN"


def java_environment() -> dict[str, str]:
    """Kafka's classes, and Java as `JAVA`."""
    java, _ = find_java()
    jars = obtain_all(lambda _: None)
    return {"CLASSPATH": os.pathsep.join(map(str, jars)), "JAVA": str(java), "PATH": os.environ["PATH"]}


@contextmanager
def running(command: list[str], directory: Path, environment: Mapping[str, str], port: int) -> Iterator[Path]:
    """A process that listens on a port, until the end; gives the file of what it says."""
    said = directory / "broker.log"
    with said.open("wb") as output:
        process = subprocess.Popen(command, cwd=directory, env=dict(environment), stdout=output, stderr=output)
    try:
        deadline = time.monotonic() + START_SECONDS
        while subprocess.run(["bash", "-c", f"(: < /dev/tcp/127.0.0.1/{port}) 2>/dev/null"], check=False).returncode:
            assert process.poll() is None, said.read_text()[-3000:]
            assert time.monotonic() < deadline, said.read_text()[-3000:]
            time.sleep(0.1)
        yield said
    finally:
        process.terminate()
        process.wait(START_SECONDS)


def properties_of(environment: Mapping[str, Any]) -> dict[str, str]:
    """What the image makes of its variables: KAFKA_A_B_C is a.b.c."""
    return {
        name.removeprefix("KAFKA_").lower().replace("_", "."): str(value)
        for name, value in environment.items()
        if name.startswith("KAFKA_")
    }


def test_the_plain_broker_runs_and_takes_the_topics(tmp_path: Path) -> None:
    """Every setting is one that Kafka knows and starts with; `topics apply` then has nothing to complain of."""
    internal, host, controller = find_free_ports(3)
    ports = {"19092": internal, "9092": host, "9093": controller}
    text = "".join(f"{name}={value}\n" for name, value in properties_of(BASE["kafka"]["environment"]).items())
    for given, free in ports.items():
        text = re.sub(rf"(?<=:){given}\b", str(free), text)
    text = text.replace("/var/lib/kafka/data", str(tmp_path / "data")).replace("kafka:", "127.0.0.1:")
    (tmp_path / "server.properties").write_text(text)
    environment = java_environment()
    java = [environment["JAVA"], *OPTIONS.split()]
    cluster = BASE["kafka"]["environment"]["CLUSTER_ID"]
    subprocess.run(
        [*java, "kafka.tools.StorageTool", "format", "-t", cluster, "-c", "server.properties"],
        cwd=tmp_path,
        env=environment,
        check=True,
        capture_output=True,
        timeout=START_SECONDS,
    )
    with running([*java, "kafka.Kafka", "server.properties"], tmp_path, environment, host) as said:
        done = fxwatch({"FXWATCH_BOOTSTRAP": f"127.0.0.1:{host}"}, *BASE["topics"]["command"])
        assert done.returncode == 0, done.stderr
        assert "unknown configuration" not in said.read_text().lower()


def fxwatch(environment: Mapping[str, str], *arguments: str) -> "subprocess.CompletedProcess[str]":
    foreign = {name: value for name, value in os.environ.items() if not name.startswith("FXWATCH_")}
    return subprocess.run(
        [sys.executable, "-m", "streams", *arguments],
        cwd=ROOT,
        env=foreign | dict(environment),
        capture_output=True,
        text=True,
        timeout=2 * START_SECONDS,
        check=False,
    )


class Site:
    """The overlay's files in a directory, and its services as they would be started there."""

    def __init__(self, directory: Path) -> None:
        self.directory, self.authority = directory, Authority(directory / "certificates")
        self.port, self.controller = find_free_ports(2)
        both = self.authority.issue("kafka", hosts=("kafka", "localhost", "127.0.0.1")).both
        secret_file(directory / "run" / "kafka.pem", both.read_text())
        for role in ROLES:
            secret_file(directory / "run" / f"{role}.password", f"{role}0123456789abcdef\n")
        (directory / "tmp").mkdir()
        self._scripts(directory / "bin")

    def _scripts(self, place: Path) -> None:
        """Kafka's own, as far as the entry point uses them: what follows the name goes to Java as it is."""
        place.mkdir()
        for name, program in (
            ("kafka-run-class.sh", ""),
            ("kafka-storage.sh", "kafka.tools.StorageTool"),
            ("kafka-server-start.sh", "kafka.Kafka"),
        ):
            told = f'echo "$0 $*" >> {self.directory}/calls'
            (place / name).write_text(f'#!/bin/bash\n{told}\nexec "$JAVA" {OPTIONS} {program} "$@"\n')
            (place / name).chmod(0o755)

    def here(self, text: str) -> str:
        """A container's paths, ports and name as they are here."""
        places = {
            "/run/secrets/ca": str(self.authority.certificate),
            "/run/kafka/": f"{self.directory}/run/",
            "/opt/kafka/bin/": f"{self.directory}/bin/",
            "/var/lib/kafka/data": f"{self.directory}/data",
            "/tmp/": f"{self.directory}/tmp/",
            "kafka:19093": f"localhost:{self.port}",
            "19093": str(self.port),
            "9094": str(self.controller),
            "$$": "$",
        }
        places |= {f"/run/secrets/{role}": f"{self.directory}/run/{role}.password" for role in ROLES}
        # in one go: what is put in may look like what is to be replaced
        return re.sub("|".join(map(re.escape, places)), lambda found: places[found[0]], text)

    def environment(self, service: str) -> dict[str, str]:
        """Of one of the overlay's services."""
        return {name: self.here(value) for name, value in SECURED[service]["environment"].items()}


def test_the_secured_broker_runs_and_every_service_enters(tmp_path: Path) -> None:
    """The entry point's own script; rights by the administrator, topics by the operator, then both workers."""
    site = Site(tmp_path)
    script = site.here(SECURED["kafka"]["entrypoint"][-1])
    environment = java_environment() | {"CLUSTER_ID": BASE["kafka"]["environment"]["CLUSTER_ID"]}
    workers: list[Worker] = []
    with running(["bash", "-c", script], tmp_path, environment, site.port) as said:
        try:
            for service, command in (("acls", SECURED["acls"]["command"]), ("topics", BASE["topics"]["command"])):
                done = fxwatch(site.environment(service), *command)
                assert done.returncode == 0, done.stderr
            keys = secret_file(tmp_path / "keys", "k1 = " + "1f" * 32 + "\n")
            for number, role in enumerate(("ingest", "monitor", "shared")):
                given = {"FXWATCH_KEY_FILE": str(keys)} if role == "ingest" else {}
                workers.append(Worker(tmp_path, os.environ | site.environment(role) | given, role, number))
            deadline = time.monotonic() + START_SECONDS
            while not all(worker.page("/readyz") for worker in workers):
                assert all(worker.alive() for worker in workers), [worker.words() for worker in workers]
                assert time.monotonic() < deadline, [worker.words() for worker in workers]
                time.sleep(0.2)
            denied = fxwatch(site.environment("monitor"), "topics", "apply")
            assert denied.returncode == 1
            wrong = {"FXWATCH_SASL_USERNAME": "fxwatch-operator"}
            assert fxwatch(site.environment("monitor") | wrong, "topics", "diff").returncode == 1
        finally:
            for worker in workers:
                worker.kill()
        assert "unknown configuration" not in said.read_text().lower()
    calls = (tmp_path / "calls").read_text()
    assert len(calls.splitlines()) == 2, "format, and start"
    assert "0123456789abcdef" not in calls + said.read_text(), "a password among a process's arguments, or in its log"
    assert not (tmp_path / "tmp" / "format").exists()
