"""The demo: a real broker, topics, two workers, a stream with planted cases, live alerts, a summary, a clean stop."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
from kafka import KafkaConsumer, TopicPartition
from prometheus_client.parser import text_string_to_metric_families

from detectors.contracts.alert import Alert
from streams.alert_text.alert_text import read_alert
from streams.contracts.refusal_codes import TOLD_BY_MONITOR
from streams.demo.broker import EmbeddedBroker
from streams.demo.broker.ports import find_free_ports
from streams.demo.broker.supervisor import die_with_parent
from streams.demo.place import BROKER, DemoDirectory
from streams.demo.summary import account
from streams.errors import ConfigurationError, FxwatchError
from streams.kafka import topics
from streams.kafka.security import kafka_python_access
from streams.settings import Settings

READY_SECONDS = 60.0
DRAIN_SECONDS = 120.0
STOP_SECONDS = 25.0


class DemoError(FxwatchError):
    """A part of the demo did not come up or did not finish."""

    code = "demo.failed"


class WorkerProcess:
    """One worker process, with its log and its page."""

    def __init__(self, settings: Settings, place: DemoDirectory, number: int, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.log = place.directory / f"worker-{number}.log"
        # TMPDIR: a worker makes directories for temporary files, which go with the demo's own
        environment = {**os.environ, "FXWATCH_BOOTSTRAP": settings.bootstrap, "TMPDIR": str(place.temporary)}
        with self.log.open("wb") as log:
            # a session of its own: Ctrl-C goes to the demo, which stops its workers in order
            self.process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-m", "streams", "worker", "all", "--web-port", str(port), "--development-keys"],
                stdout=log,
                stderr=log,
                env=environment,
                start_new_session=True,
                preexec_fn=die_with_parent,  # noqa: PLW1509
            )

    def page(self, path: str) -> str | None:
        """A page's text; None while the worker does not answer."""
        try:
            with urllib.request.urlopen(self.url + path, timeout=5) as answer:  # noqa: S310  (our own loopback page)
                return str(answer.read().decode())
        except urllib.error.HTTPError as refusal:
            return None if refusal.code >= 500 else str(refusal.read().decode())  # noqa: PLR2004
        except (urllib.error.URLError, OSError):
            return None

    def last_words(self) -> str:
        """The end of the worker's log."""
        return "\n".join(self.log.read_text("utf-8", "replace").splitlines()[-5:])

    def stop(self) -> None:
        """SIGTERM, wait, SIGKILL."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class WorkerFigures(msgspec.Struct, kw_only=True):
    """What the workers' metrics say, summed over workers; `read` and `rejected` (by ingest) by input topic."""

    read: Counter[str] = msgspec.field(default_factory=Counter)
    rejected: Counter[str] = msgspec.field(default_factory=Counter)
    scored_by: Counter[str] = msgspec.field(default_factory=Counter)
    duplicates: int = 0
    conflicts: int = 0
    lag: int = 0
    gap: int = 0

    @property
    def scored(self) -> int:
        """Payments scored: every detector scores each once, so any of them tells it."""
        return max(self.scored_by.values(), default=0)


def read_figures(workers: list[WorkerProcess]) -> WorkerFigures:
    """Read and add up the workers' metrics pages. Raises `DemoError` when one does not answer."""
    found = WorkerFigures()
    for worker in workers:
        page = worker.page("/metrics")
        if page is None:
            raise DemoError(
                "a worker does not answer", got=worker.url, todo=f"see {worker.log}:\n{worker.last_words()}"
            )
        for family in text_string_to_metric_families(page):
            for sample in family.samples:
                _add(found, sample.name, sample.labels, sample.value)
    return found


def _add(found: WorkerFigures, name: str, labels: dict[str, str], value: float) -> None:
    if name == "fxwatch_detector_score_count":
        found.scored_by[labels["detector"]] += int(value)
    elif name == "fxwatch_records_read_total":
        found.read[labels["topic"]] += int(value)
    elif name == "fxwatch_events_total" and labels["agent"] == "monitor":
        if labels["outcome"] == "duplicate":
            found.duplicates += int(value)
        elif labels["outcome"] == "conflict":
            found.conflicts += int(value)
    elif name == "fxwatch_dead_letters_total" and labels["code"] not in TOLD_BY_MONITOR:
        found.rejected[labels["topic"]] += int(value)
    elif name == "fxwatch_lag_records":
        found.lag += int(value)
    elif name == "fxwatch_reconciliation_gap":
        found.gap += int(value)


@contextlib.contextmanager
def run_cluster(
    settings: Settings, place: DemoDirectory, report: Callable[[str], None]
) -> Iterator[tuple[Settings, list[WorkerProcess]]]:
    """A broker with topics and two ready workers; everything is stopped at the end, whatever happens."""
    from streams.ledger.configuration_records import plant

    if settings.security_protocol != "PLAINTEXT":
        raise ConfigurationError(
            "the demo brings a broker of its own, which speaks PLAINTEXT",
            got=f"FXWATCH_SECURITY_PROTOCOL={settings.security_protocol}",
            expected="no security settings",
            todo="run it without them",
        )
    with contextlib.ExitStack() as stack:
        broker = stack.enter_context(EmbeddedBroker(place.directory / BROKER, report=report))
        settings = settings.model_copy(update={"bootstrap": broker.bootstrap})
        with topics.connect(settings) as admin:
            topics.apply(admin, settings)
            plant(settings, admin)
        report(f"{len(topics.table(settings))} topics created")
        workers = [WorkerProcess(settings, place, number, port) for number, port in enumerate(find_free_ports(2), 1)]
        stack.callback(_stop_all, workers)
        _wait_ready(workers)
        report("2 workers ready: " + ", ".join(worker.url for worker in workers))
        yield settings, workers


def _stop_all(workers: list[WorkerProcess]) -> None:
    for worker in workers:
        if worker.process.poll() is None:
            worker.process.send_signal(signal.SIGTERM)
    for worker in workers:
        worker.stop()


def _wait_ready(workers: list[WorkerProcess]) -> None:
    deadline = time.monotonic() + READY_SECONDS
    waiting = list(workers)
    while waiting:
        for worker in waiting:
            if worker.process.poll() is not None:
                raise DemoError(
                    "a worker ended before it was ready",
                    got=f"exit code {worker.process.returncode}",
                    todo=f"see {worker.log}:\n{worker.last_words()}",
                )
        waiting = [worker for worker in waiting if worker.page("/readyz") is None]
        if waiting and time.monotonic() > deadline:
            raise DemoError(
                f"a worker was not ready within {READY_SECONDS:.0f} s",
                todo=f"see {waiting[0].log}:\n{waiting[0].last_words()}",
            )
        time.sleep(0.2)


def wait_drained(workers: list[WorkerProcess], sent: int) -> WorkerFigures:
    """Wait until every record sent is read and nothing lags, twice in a row."""
    deadline, quiet = time.monotonic() + DRAIN_SECONDS, 0
    while quiet < 2:  # noqa: PLR2004  (lag is measured once a second; one quiet look may lie between two hops)
        time.sleep(1.1)
        found = read_figures(workers)
        quiet = quiet + 1 if found.read.total() >= sent and found.lag == 0 else 0
        if time.monotonic() > deadline:
            raise DemoError(
                "the stream was not worked off in time", got=f"read {found.read.total()} of {sent}, lag {found.lag}"
            )
    return found


class LiveAlerts(threading.Thread):
    """Reads alerts as an investigator's consumer would (read_committed), and hands each to `show`."""

    def __init__(self, settings: Settings, show: Callable[[Alert], None]) -> None:
        super().__init__(name="live-alerts", daemon=True)
        self._settings, self._show = settings, show
        self.seen: list[Alert] = []
        self._stop_requested = threading.Event()

    def run(self) -> None:
        """Follow `fx.alerts.v1` until `finish`."""
        consumer = KafkaConsumer(
            **kafka_python_access(self._settings),
            isolation_level="read_committed",
            enable_auto_commit=False,
            group_id=None,
        )
        count = self._settings.effective.engine.partitions
        partitions = [TopicPartition(topics.ALERTS, number) for number in range(count)]
        consumer.assign(partitions)
        consumer.seek_to_beginning(*partitions)
        while True:
            stopping = self._stop_requested.is_set()
            found = consumer.poll(timeout_ms=500)
            for records in found.values():
                for record in records:
                    alert = read_alert(record.value)
                    self.seen.append(alert)
                    self._show(alert)
            if stopping and not found:
                break
        consumer.close()

    def finish(self) -> list[Alert]:
        """Stop after what is there has been read; returns all alerts seen."""
        self._stop_requested.set()
        self.join(30)
        return self.seen


def count_planted_found(truth: Any, alerts: list[Alert], token_of: Callable[[str], str]) -> dict[str, tuple[int, int]]:
    """Planted cases found, by typology: (found, planted). Found = an alert of that typology names the case's party."""
    named = {(hit.id, alert.party) for alert in alerts for hit in alert.typologies}
    result: dict[str, tuple[int, int]] = {}
    for case in truth.of("case"):
        found, planted = result.get(case["typology"], (0, 0))
        hit = (case["typology"], token_of(case["party_id"])) in named
        result[case["typology"]] = (found + hit, planted + 1)
    return result


def sum_up(
    sent: int,
    seconds: float,
    found: WorkerFigures,
    alerts: list[Alert],
    planted: dict[str, tuple[int, int]],
    workers: list[WorkerProcess],
) -> dict[str, Any]:
    """The closing figures, for people and machines."""
    return {
        "sent": sent,
        "read": found.read.total(),
        "scored": found.scored,
        "duplicates": found.duplicates,
        "conflicts": found.conflicts,
        "rejected": found.rejected.total(),
        "account": msgspec.to_builtins(
            account(
                sent,
                found.read,
                found.rejected,
                scored=found.scored,
                duplicates=found.duplicates,
                conflicts=found.conflicts,
            )
        ),
        "reconciliation_gap": found.gap,
        "alerts": len(alerts),
        "planted": {name: {"found": hit, "planted": total} for name, (hit, total) in planted.items()},
        "events_per_second": round(sent / seconds),
        "metrics": [worker.url + "/metrics" for worker in workers],
    }
