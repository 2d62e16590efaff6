"""One worker process under test: its pages, its metrics, its end."""

import http.client
import json
import math
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from streams.demo.broker.ports import find_free_ports
from streams.demo.broker.supervisor import die_with_parent
from streams.operations.web_pages import MOST_KEPT_SECONDS
from tests.support.warm_commands import can_begin_warm
from tests.support.warm_process import WarmProcess

# a busy machine lets a process wait for seconds
ANSWER_SECONDS = 30
# a stop has a hard deadline of its own (`shutdown_seconds`); this ends a test whose worker does not keep it
STOP_SECONDS = 90
ROOT = Path(__file__).resolve().parents[2]
COMMAND = ("streams", "worker")
# by pattern, because the whole page takes 10 ms to parse and is asked for several times a second
_RUNNING = {
    agent: re.compile(
        rf'^fxwatch_partition_state\{{agent="{agent}",partition="(\d+)",state="running"\}} 1', re.MULTILINE
    )
    for agent in ("monitor", "shared")
}


class Worker:
    """One worker process in a session of its own; it dies with the tests."""

    def __init__(
        self,
        directory: Path,
        environment: Mapping[str, str],
        role: str,
        number: int,
        command: Sequence[str] = COMMAND,
        *,
        warm: bool = False,
    ) -> None:
        """`command` is a module and its arguments before the role. `warm`: a fork of a process that has all imports."""
        self.role, self.number, self.port = role, number, find_free_ports(1)[0]
        self.log = directory / f"worker-{number}-{role}.log"
        self.stopped_after: float | None = None
        self._told = False
        # `probed`: stopped for moments by the test, which looks whether it is in a transaction
        self.frozen = self.probed = False
        self.process: subprocess.Popen[bytes] | WarmProcess
        last = [role, "--web-port", str(self.port)]
        with self.log.open("wb") as log:
            if warm and command == COMMAND and can_begin_warm(environment):
                self.process = WarmProcess([*command[1:], *last], environment, log)
                return
            self.process = subprocess.Popen(
                [sys.executable, "-m", *command, *last],
                cwd=ROOT,
                stdout=log,
                stderr=log,
                env=environment,
                start_new_session=True,
                preexec_fn=die_with_parent,  # noqa: PLW1509 - no threads here
            )

    def page(self, path: str) -> str | None:
        """A page's text; None while the worker refuses or does not answer, or is stopped by SIGSTOP."""
        if self.frozen:
            return None
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                return str(answer.read().decode())
        except (urllib.error.URLError, OSError):
            return None

    def answer(self, path: str) -> tuple[int, str]:
        """Status and text of a page, for what a test asserts at once: a worker that answers late is waited for.

        Failure prevented: a process that got no CPU for 5 s was taken for one that does not answer.
        """
        until = time.monotonic() + ANSWER_SECONDS
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=ANSWER_SECONDS) as answer:
                    return answer.status, str(answer.read().decode())
            except urllib.error.HTTPError as refusal:
                return refusal.code, str(refusal.read().decode())
            except (OSError, http.client.HTTPException) as fault:
                cause = fault
            assert self.alive(), f"{self.log.name} ended:\n{self.words()}"
            assert time.monotonic() < until, f"{self.log.name}: no {path} within {ANSWER_SECONDS} s: {cause!r}"
            time.sleep(0.2)

    def samples(self) -> Iterator[Any]:
        """Samples of the metrics page; nothing while the worker does not answer."""
        for family in text_string_to_metric_families(self.page("/metrics") or ""):
            yield from family.samples

    def metric(self, name: str, **labels: str) -> float:
        """The sum of a metric over all label sets that match, for waiting: the page may be `MOST_KEPT_SECONDS` old.

        Not a number while the worker does not answer, which is neither 0 nor more: no wait ends by it. What a test
        asserts at once comes from `metric_now`.
        """
        page = self.page("/metrics")
        return math.nan if page is None else _sum_of(page, name, labels)

    def metric_now(self, name: str, **labels: str) -> float:
        """As `metric`, of a page that was made after this call.

        Failure prevented: on a busy machine making the page took 0.1 s, the worker showed that page for 2 s more, and a
        test read 0 where the log told of 60 already.
        """
        time.sleep(MOST_KEPT_SECONDS)
        status, page = self.answer("/metrics")
        assert status == 200, page
        return _sum_of(page, name, labels)

    def running_partitions(self, agent: str = "monitor") -> set[int]:
        """An agent's partitions that it shows as running."""
        return {int(number) for number in _RUNNING[agent].findall(self.page("/metrics") or "")}

    def alive(self) -> bool:
        """Whether the process runs."""
        return self.process.poll() is None

    def kill(self) -> None:
        """Kill -9."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(ANSWER_SECONDS)  # it ends at once; who tells of it may wait for the processor
        self.frozen = False

    def freeze(self) -> None:
        """SIGSTOP: the process keeps everything and does nothing."""
        self.process.send_signal(signal.SIGSTOP)
        self.frozen = True

    def thaw(self) -> None:
        """SIGCONT."""
        self.frozen = False
        self.process.send_signal(signal.SIGCONT)

    def resident_megabytes(self) -> float:
        """Resident memory as the kernel counts it, MB of 10^6 bytes."""
        return self._memory("VmRSS:")

    def most_megabytes(self) -> float:
        """The most resident memory that the process ever had."""
        return self._memory("VmHWM:")

    def _memory(self, name: str) -> float:
        status = Path(f"/proc/{self.process.pid}/status").read_text("ascii")
        line = next(line for line in status.splitlines() if line.startswith(name))
        return int(line.split()[1]) * 1024 / 1e6

    def tell(self) -> None:
        """SIGTERM, once: a second one, as the first is being obeyed, ends the process in the middle of it."""
        self._told = True
        self.process.send_signal(signal.SIGTERM)

    def stop(self) -> int:
        """SIGTERM and wait; returns the exit code and notes how long it took."""
        began = time.monotonic()
        if self.alive() and not self._told:
            self.tell()
        try:
            code = self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        self.stopped_after = time.monotonic() - began
        return code

    def words(self) -> str:
        """The end of the log."""
        return "\n".join(self.log.read_text("utf-8", "replace").splitlines()[-15:])


def _sum_of(page: str, name: str, labels: Mapping[str, str]) -> float:
    samples = (one for family in text_string_to_metric_families(page) for one in family.samples)
    return sum(one.value for one in samples if one.name == name and labels.items() <= one.labels.items())


def reasons(worker: Worker) -> list[str]:
    """What /readyz names; empty when the worker is ready. No answer at all is a reason too."""
    try:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{worker.port}/readyz", timeout=5):
                return []
        except urllib.error.HTTPError as refusal:
            return list(json.loads(refusal.read())["reasons"])
    except (OSError, http.client.HTTPException) as fault:
        return [f"no answer: {fault!r}"]


def stopped(worker: Worker) -> list[str]:
    """Of what /readyz names, the partitions that stopped."""
    return [reason for reason in reasons(worker) if "stopped" in reason]
