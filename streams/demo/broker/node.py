"""Start, watch and stop one Kafka node."""

import base64
import json
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from streams.demo.broker import configuration, directory, supervisor
from streams.demo.broker.jars import obtain_all
from streams.demo.broker.java import find_java
from streams.demo.broker.ports import check_free, find_free_ports
from streams.demo.broker.secured import Secured
from streams.errors import BrokerStartError
from streams.kafka.security import kafka_python_access
from streams.log import logs
from streams.settings import Settings

log = logs.get_logger(__name__)

OUTPUT = "broker.out"
READY_SECONDS = 90.0
"""A node is ready in 3 to 6 s on an idle machine of two cores; a busy one took 30."""

PORT_ATTEMPTS = 3
"""Ports are free when chosen, not when used: another process may take one in the seconds between."""


class EmbeddedBroker:
    """One KRaft node (broker and controller) of the locked Kafka in `directory`; also a context manager.

    The node lives no longer than this process, even if that is killed, unless `detached`. Data stay in the directory;
    it may be copied while no broker runs in it, and started elsewhere. `port` is chosen at the first start when None
    and kept for later starts of the same object. For a cluster give every node its `node` id, `controller_port`, the
    `voters` (node id to controller port of all of them) and one `cluster_id`; start each with `wait=False`, then
    `wait_ready()`, because no node is ready before a majority runs. `secured` gives it TLS, SASL and access
    control (a node alone); `properties` override `server.properties`; `report` gets a line of progress now and then.
    """

    def __init__(
        self,
        directory: Path,
        *,
        port: int | None = None,
        controller_port: int | None = None,
        node: int = 1,
        voters: Mapping[int, int] | None = None,
        cluster_id: str | None = None,
        heap_megabytes: int = 384,
        detached: bool = False,
        properties: Mapping[str, str] | None = None,
        secured: Secured | None = None,
        report: Callable[[str], None] = lambda text: log.info("%s", text),
    ) -> None:
        self.directory = Path(os.path.abspath(directory))  # noqa: PTH100 - resolve() would follow the user's symlinks
        self.port, self.controller_port, self.node = port, controller_port, node
        self.voters = dict(voters or {})
        self.cluster_id = cluster_id or new_cluster_id()
        self.heap_megabytes, self.detached = heap_megabytes, detached
        self.properties = dict(properties or {})
        self.secured = secured
        self._report = report
        self._process: subprocess.Popen[bytes] | None = None
        self._pid: int | None = None

    @property
    def bootstrap(self) -> str:
        """The address clients connect to, `127.0.0.1:PORT`. Raises `BrokerStartError` before the first start."""
        if self.port is None:
            raise BrokerStartError("the broker was never started, so it has no address", got=self.directory)
        return f"127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """The JVM's process id. Raises `BrokerStartError` before the first start."""
        if self._pid is None:
            raise BrokerStartError("the broker was never started, so it has no process", got=self.directory)
        return self._pid

    def alive(self) -> bool:
        """Whether the JVM runs; it may not be ready."""
        return self._process is not None and self._process.poll() is None

    def start(self, timeout_seconds: float = READY_SECONDS, *, wait: bool = True) -> str:
        """Start the node and return its address; with `wait`, only when it serves metadata.

        Raises `BrokerStartError` when Java or a jar cannot be had, the port is taken, the directory is in use or not
        writable, or the node does not come up in time.
        """
        if self.alive():
            raise BrokerStartError("this broker is started already", got=self.bootstrap)
        chosen_here = self.port is None
        for attempt in range(1, PORT_ATTEMPTS + 1):
            try:
                self._launch()
                if wait:
                    self.wait_ready(timeout_seconds)
            except BaseException as fault:
                self.kill()
                collided = isinstance(fault, BrokerStartError) and "Address already in use" in self._last_words()
                if not (chosen_here and collided and attempt < PORT_ATTEMPTS):
                    raise
                self.port = None
            else:
                break
        return self.bootstrap

    def _launch(self) -> None:
        java, version = find_java()
        jars = obtain_all(self._report)
        lock = directory.take(self.directory)
        try:
            self._configure()
            environment = {**os.environ, "CLASSPATH": os.pathsep.join(map(str, jars))}
            self._format_if_new(java, environment)
            self._report(f"starting Apache Kafka {kafka_version(jars)} on {self.bootstrap} (Java {version})")
            self._spawn(self._java_command(java, "kafka.Kafka", "server.properties"), environment, lock)
            directory.write_state(
                self.directory,
                directory.Running(
                    bootstrap=self.bootstrap,
                    port=self.port or 0,
                    controller_port=self.controller_port or 0,
                    pid=self.pid,
                    node=self.node,
                    kafka=kafka_version(jars),
                ),
            )
        finally:
            os.close(lock)  # from now on only the JVM holds it

    def _configure(self) -> None:
        if self.port is not None:
            check_free(self.port)
        fresh = find_free_ports(2)
        self.port = self.port or fresh[0]
        # the controller's port is nobody else's business, so a new one each time; not in a cluster, whose nodes know it
        if not self.voters or self.controller_port is None:
            self.controller_port = self.voters.get(self.node, fresh[1])
        secured = {} if self.secured is None else self.secured.properties(self.port, self.controller_port)
        text = configuration.server_properties(
            node=self.node,
            port=self.port,
            controller_port=self.controller_port,
            voters=self.voters or {self.node: self.controller_port},
            extra=secured | self.properties,
        )
        written = self.directory / "server.properties"
        written.touch(mode=0o600)
        if secured:
            written.chmod(0o600)  # it holds passwords
        written.write_text(text, "utf-8")
        (self.directory / "log4j2.yaml").write_text(configuration.LOG4J, "utf-8")

    def _java_command(self, java: Path, *arguments: str) -> list[str]:
        heap = f"{self.heap_megabytes}m"
        # the directory is there to be seen in a process list; Java itself works on relative paths, because it reads its
        # arguments in the locale's character set and would not find a directory named in another one
        # C1 alone: this broker lives for minutes, of which full compilation took ten seconds of one of two cores
        return [
            str(java),
            f"-Dfxwatch.broker.directory={self.directory}",
            f"-Xms{heap}",
            f"-Xmx{heap}",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-XX:+ExitOnOutOfMemoryError",
            "-Xshare:auto",
            "-Dlog4j2.configurationFile=log4j2.yaml",
            *arguments,
        ]

    def _format_if_new(self, java: Path, environment: Mapping[str, str]) -> None:
        if (self.directory / "data" / "meta.properties").exists():
            return
        command = self._java_command(
            java, "kafka.tools.StorageTool", "format", "-t", self.cluster_id, "-c", "server.properties"
        )
        answer = subprocess.run(  # noqa: S603
            command,
            cwd=self.directory,
            env=environment,
            capture_output=True,
            text=True,
            timeout=READY_SECONDS,
            check=False,
        )
        if answer.returncode != 0:
            raise BrokerStartError(
                "Kafka cannot format its data directory",
                got=essence(answer.stdout + answer.stderr),
                todo=f"look into {self.directory}; what an unfinished first start left there can be deleted",
            )

    def _spawn(self, command: list[str], environment: Mapping[str, str], lock: int) -> None:
        if self.detached:
            with (self.directory / OUTPUT).open("wb") as output:
                self._process = subprocess.Popen(  # noqa: S603
                    command,
                    cwd=self.directory,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    pass_fds=(lock,),
                    start_new_session=True,
                )
            self._pid = self._process.pid
            return
        self._process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-I", "-S", supervisor.__file__, str(lock)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=(lock,),
            start_new_session=True,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        order = {
            "command": command,
            "environment": dict(environment),
            "directory": str(self.directory),
            "output": str(self.directory / OUTPUT),
        }
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer.strip().isdigit():
            raise BrokerStartError("the broker's supervisor did not start", got=f"exit code {self._process.wait()}")
        self._pid = int(answer)

    def wait_ready(self, timeout_seconds: float = READY_SECONDS) -> None:
        """Return when the node answers metadata requests as an unfenced broker.

        Raises `BrokerStartError` with the node's last words when it ends, or with the log's place when time is up.
        """
        deadline = time.monotonic() + timeout_seconds
        while time.monotonic() < deadline:
            if not self.alive():
                raise BrokerStartError(
                    "the broker ended while starting",
                    got=essence(self._last_words()),
                    todo=f"look into {self.directory / 'server.log'}",
                )
            if self._listens() and self._serves():
                return
            time.sleep(0.05)
        raise BrokerStartError(
            f"the broker was not ready within {timeout_seconds:g} s", todo=f"look into {self.directory / 'server.log'}"
        )

    def _listens(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port or 0), 1).close()
        except OSError:
            return False
        return True

    def _serves(self) -> bool:
        access = {} if self.secured is None else self.secured.access
        return is_serving(Settings.model_construct(bootstrap=self.bootstrap, **access), self.node)

    def _last_words(self) -> str:
        """Errors of the log's end and what the JVM printed; empty before it wrote any."""
        words = []
        for name in ("server.log", OUTPUT):
            path = self.directory / name
            if path.exists():
                lines = path.read_text("utf-8", errors="replace")[-20_000:].splitlines()
                words += [
                    line
                    for line in lines
                    if name == OUTPUT or " ERROR " in line or " FATAL " in line or "xception" in line
                ]
        return "\n".join(words)

    def stop(self, grace_seconds: float = 20) -> None:
        """End the node cleanly (SIGTERM, up to `grace_seconds`, SIGKILL). Nothing happens when it does not run."""
        directory.stop_running(self.directory, grace_seconds)
        self._reap()

    def kill(self) -> None:
        """End the node at once, as a crash would (SIGKILL)."""
        if self.alive() and self._pid is not None:
            os.kill(self._pid, signal.SIGKILL)
        self._reap()

    def _reap(self) -> None:
        if self._process is None:
            return
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def wait(self) -> int:
        """Block until the node ends, for whatever reason, and return its exit code (143 after SIGTERM)."""
        assert self._process is not None
        return self._process.wait()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def essence(output: str) -> str:
    """The last lines of a Java program's output, without the stack traces' frames; at most 600 characters."""
    said = [line for line in output.splitlines() if line.strip() and not line.startswith("\tat ")]
    return " / ".join(said)[-600:] or "no output"


def new_cluster_id() -> str:
    """A random id in Kafka's form: 22 characters of URL-safe base 64, never with a leading `-`, as Kafka's own."""
    while True:
        cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        if not cluster_id.startswith("-"):  # the format tool would take it for an option
            return cluster_id


def is_serving(settings: Settings, node: int) -> bool:
    """Whether the cluster answers metadata requests and counts `node` among its unfenced brokers."""
    from kafka import KafkaAdminClient
    from kafka.errors import KafkaError

    try:
        client = KafkaAdminClient(**kafka_python_access(settings), bootstrap_timeout_ms=2000, request_timeout_ms=2000)
    except KafkaError:
        return False
    try:
        brokers = client.describe_cluster()["brokers"]
    except KafkaError:
        return False
    finally:
        client.close()
    return any(each["broker_id"] == node and not each.get("is_fenced", False) for each in brokers)


def kafka_version(jars: list[Path]) -> str:
    """The version of Kafka among `jars`, from the name of its main one."""
    return next(path.parent.name for path in jars if path.parent.parent.name.startswith("kafka_"))
