"""Kafka's jars: one lock, fetched once, and what is wrong or altered is named."""

import hashlib
from pathlib import Path

import pytest

from streams.demo.broker.jars import Jar, obtain, read_lock
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
