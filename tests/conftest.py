"""Fixtures shared by all tests: real brokers, free ports, names nobody else uses, and the command line.

`kafka` is the cluster of `FXWATCH_BOOTSTRAP` when that is set, so a test that uses it must only touch topics of its own
(`topic_prefix`). Tests of the topics with fixed names use `empty_broker`, which is always ours to empty.
"""

import gc
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, settings

from detectors.models import compiled_code
from streams.demo.broker import EmbeddedBroker
from streams.demo.broker.ports import find_free_ports
from tests.support import warm_commands
from tests.support.broker_tests_together import (
    BrokerTestsTogether,
    longest_first,
    yield_to_broker_tests,
)
from tests.support.topic_deletion import delete_topics

# hypothesis' own deadline, and its opinion that examples are made too slowly, are wall time, which a busy machine
# breaks; what must be quick measures its own CPU time.
# In CI (environment variable CI) the draws are the same every time, elsewhere new ones.
settings.register_profile("fxwatch", parent=settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("fxwatch")

# A shell ignores Ctrl-C for what it runs in the background, and each process begun from there inherits that. Failure
# prevented: of a run begun with `&` each test failed in which a command has to end on Ctrl-C, as if it were slow.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

EXISTING_CLUSTER = os.environ.get("FXWATCH_BOOTSTRAP")


def pytest_configure(config: pytest.Config) -> None:
    """Under `pytest -n` the models are compiled once, before the processes that run the tests start."""
    if config.getoption("numprocesses", default=None) and not hasattr(config, "workerinput"):
        print(compiled_code.prepare().said, file=sys.stderr)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection() -> Generator[None, object, object]:
    """Fifteen thousand tests are made and all are kept; seeking cycles among them took 6 of 20 s of CPU, thrice."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The order in which `pytest -n` hands them out."""
    longest_first(items)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> BrokerTestsTogether:
    """Who runs what under `pytest -n`."""
    return BrokerTestsTogether(config, log)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Tests without a broker yield to those with one beside them."""
    yield_to_broker_tests(item)


class Kafka(NamedTuple):
    """A running cluster."""

    bootstrap: str


@pytest.fixture
def free_port() -> int:
    """A TCP port of the loopback interface that nobody listens on."""
    return find_free_ports(1)[0]


@pytest.fixture
def topic_prefix() -> str:
    """A prefix for topic names and consumer groups that no other test uses."""
    return f"test-{uuid.uuid4().hex[:12]}-"


@pytest.fixture(scope="session")
def own_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedBroker]:
    """An embedded broker of this test run, whatever FXWATCH_BOOTSTRAP says. Ends with the run, even a killed one."""
    with EmbeddedBroker(tmp_path_factory.mktemp("kafka"), heap_megabytes=512) as broker:
        yield broker


@pytest.fixture(scope="session")
def kafka(request: pytest.FixtureRequest) -> Kafka:
    """The cluster of FXWATCH_BOOTSTRAP, or the run's own broker."""
    return Kafka(EXISTING_CLUSTER or request.getfixturevalue("own_broker").bootstrap)


@pytest.fixture
def fresh_broker(tmp_path: Path) -> Iterator[EmbeddedBroker]:
    """A broker of the test's own, for tests that kill or restart it."""
    with EmbeddedBroker(tmp_path / "kafka") as broker:
        yield broker


@pytest.fixture
def empty_broker(own_broker: EmbeddedBroker, monkeypatch: pytest.MonkeyPatch) -> EmbeddedBroker:
    """The run's own broker without any topic of fxwatch, and FXWATCH_BOOTSTRAP naming it."""
    delete_topics(own_broker.bootstrap)
    monkeypatch.setenv("FXWATCH_BOOTSTRAP", own_broker.bootstrap)
    return own_broker


@pytest.fixture(scope="session")
def fxwatch_command() -> list[str]:
    """How to run `fxwatch` from the repository's root, with the tests' own Python."""
    return [sys.executable, "-c", "from streams.cli import main; main()"]


@pytest.fixture
def fxwatch(
    request: pytest.FixtureRequest, fxwatch_command: list[str], pytestconfig: pytest.Config
) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run `fxwatch ARGUMENTS...` to its end; returns exit code, standard output and standard error.

    Beside a broker without a start of Python of its own, but for the commands that start a broker themselves.
    """
    warm = request.node.get_closest_marker("broker") is not None

    def run(*arguments: str | Path, timeout: float = 300) -> subprocess.CompletedProcess[str]:
        if warm and arguments[0] not in ("broker", "demo"):
            return warm_commands.run([str(one) for one in arguments], os.environ, timeout)
        return subprocess.run(
            [*fxwatch_command, *map(str, arguments)],
            cwd=pytestconfig.rootpath,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    return run
