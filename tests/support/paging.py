"""Real Prometheus, Alertmanager and receiver over made-up workers, with intervals a hundredth as long."""

import contextlib
import http.server
import itertools
import json
import re
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml

from detectors.contracts.alert import Versions
from streams.demo.broker.ports import find_free_ports
from streams.demo.broker.supervisor import die_with_parent
from streams.operations.metrics import Metrics

DEPLOY = Path(__file__).parents[2] / "deploy"
ALERTMANAGER = DEPLOY / "alertmanager" / "alertmanager.yml"


class Page:
    """A worker that consists of its page of metrics, which are the real ones, with values that the test sets."""

    def __init__(self, port: int, *agents: str) -> None:
        self.port = port
        self.metrics = Metrics(
            partitions=12,
            desks=[],
            typologies=[],
            topics=["fx.transactions.v1", "fx.rates.v1"],
            codes=[],
            detectors=[],
            agents=agents,
            versions=Versions(code="0", config="c", detectors="d", rules="r"),
        )
        if "ingest" in agents:
            self.metrics.sender_keys.labels("none").set(0)
        for agent, partition in itertools.product(agents, range(12)):
            self.metrics.set_partition_state(agent, partition, "running")
            self.metrics.set_lag(agent, partition, 0)
            self.metrics.set_hidden(agent, partition, 0)
        self._server: http.server.ThreadingHTTPServer | None = None

    def start(self) -> None:
        """Answer from now on."""
        page = self.metrics.page

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = page()
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        # connections are closed after each answer (HTTP/1.0), so that a stopped one refuses the next
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        """Refuse connections, as a process that was killed."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


def ask(url: str, data: Any = None) -> Any:
    """JSON from a server of ours; None while it does not answer."""
    body = None if data is None else json.dumps(data).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            text = answer.read()
    except OSError:
        return None
    return json.loads(text or "null") if text[:1] in (b"{", b"[") else {}


def wait(what: Callable[[], Any], seconds: float = 60) -> Any:
    """The first true answer. Raises `AssertionError` when there is none in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = what()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"nothing in {seconds} s: {what}")


@contextlib.contextmanager
def running(*command: Any, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that ends with the block; its output is in `log`."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(part) for part in command],
            stdout=output,
            stderr=subprocess.STDOUT,
            preexec_fn=die_with_parent,  # noqa: PLW1509 - no thread of ours forks
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@contextlib.contextmanager
def alertmanager(program: str, directory: Path, configuration: str, port: int | None = None) -> Iterator[str]:
    """Alertmanager with the configuration's text; yields its address."""
    port = port or find_free_ports(1)[0]
    path = directory / "alertmanager.yml"
    path.write_text(configuration)
    address = f"http://127.0.0.1:{port}"
    command = (
        program,
        f"--config.file={path}",
        f"--storage.path={directory / 'alertmanager'}",
        "--cluster.listen-address=",
        f"--web.listen-address=127.0.0.1:{port}",
    )
    with running(*command, log=directory / "alertmanager.log"):
        wait(lambda: ask(f"{address}/-/ready") is not None)
        yield address


SHORT = {
    "30s": "300ms",
    "1m": "600ms",
    "2m": "1200ms",
    "3m": "1800ms",
    "5m": "3s",
    "10m": "6s",
    "15m": "9s",
    "30m": "18s",
    "60m": "36s",
}


GROUP_SECONDS = 1.2


def shortened_rules(target: Path) -> None:
    """The rules with each `for` a hundredth as long; expressions stay as they are."""
    rules = yaml.safe_load((DEPLOY / "prometheus" / "rules" / "fxwatch.yml").read_text())
    for rule in rules["groups"][0]["rules"]:
        rule |= {key: SHORT[rule[key]] for key in ("for", "keep_firing_for") if key in rule}
    target.write_text(yaml.safe_dump(rules))


class Site:
    """Two workers, Prometheus, Alertmanager, and what was sent."""

    def __init__(
        self, ingest: Page, monitor: Page, prometheus: str, sent: Path, alertmanager: Callable[[int], Any]
    ) -> None:
        self.ingest, self.monitor, self._prometheus, self._sent = ingest, monitor, prometheus, sent
        self._alertmanager, self._scenarios, self._seen = alertmanager, 0, 0

    def vanish(self) -> None:
        """Both workers at once: on a busy machine, a second between them is more than a scrape apart."""
        threads = [threading.Thread(target=one.stop) for one in (self.ingest, self.monitor)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()

    def firing(self) -> set[str]:
        """Names of what fires, by Prometheus."""
        found = ask(f"{self._prometheus}/api/v1/alerts")
        return {one["labels"]["alertname"] for one in found["data"]["alerts"] if one["state"] == "firing"}

    def _value(self, expression: str) -> float:
        query = urllib.parse.urlencode({"query": expression})
        found = ask(f"{self._prometheus}/api/v1/query?{query}")
        values = found["data"]["result"] if found else []
        return float(values[0]["value"][1]) if values else 0

    @contextlib.contextmanager
    def told(self) -> Iterator[None]:
        """An Alertmanager that has heard of nothing before, from a moment at which nothing fires.

        It would tell a group that it knows already at its next turn, and not wait for what belongs together: that is
        right after 5 minutes, and chance in a hundredth of them. And Prometheus' own slow start fires first here.
        """
        wait(lambda: self._value("sum(up)") == 2)
        wait(lambda: self._value("count(ALERTS)") == 0)
        self._scenarios += 1
        with self._alertmanager(self._scenarios):
            yield

    def _all(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._sent.read_text().splitlines() if line.startswith("{")]

    def notifications(self, quiet_seconds: float) -> list[dict[str, Any]]:
        """What was sent since the last call: waits for one, then until nothing has come for so long."""
        wait(lambda: len(self._all()) > self._seen)
        count, since = len(self._all()), time.monotonic()
        while time.monotonic() - since < quiet_seconds:
            time.sleep(0.05)
            if len(self._all()) != count:
                count, since = len(self._all()), time.monotonic()
        found = self._all()[self._seen :]
        self._seen += len(found)
        return found


@contextlib.contextmanager
def site(prometheus: str, alertmanager_program: str, directory: Path) -> Iterator[Site]:
    """The configurations of deploy/ without Docker, with these intervals and addresses put in."""
    first, second, port, receiver, told = find_free_ports(5)
    ingest, monitor = Page(first, "ingest", "shared"), Page(second, "monitor")
    text = ALERTMANAGER.read_text().replace("127.0.0.1:9099", f"127.0.0.1:{receiver}")
    # not a hundredth: on a busy machine a scrape or an evaluation comes a second late, where really it is 15 s of 30
    text = re.sub(r"(group_wait|group_interval): \w+", rf"\1: {GROUP_SECONDS * 1000:.0f}ms", text)
    (directory / "rules").mkdir()
    shortened_rules(directory / "rules" / "fxwatch.yml")
    sent = directory / "sent.jsonl"
    show = (sys.executable, DEPLOY / "alertmanager" / "show_notifications.py", "--json", "--port", receiver)

    def fresh(number: int) -> Any:
        place = directory / f"scenario-{number}"
        place.mkdir()
        return alertmanager(alertmanager_program, place, text, told)

    with running(*show, log=sent):
        configuration = (DEPLOY / "prometheus" / "prometheus.local.yml").read_text()
        for old, new in (
            ("127.0.0.1:6066", f"127.0.0.1:{first}"),
            ("127.0.0.1:6067", f"127.0.0.1:{second}"),
            ("127.0.0.1:9093", f"127.0.0.1:{told}"),
            ("scrape_interval: 5s", "scrape_interval: 200ms"),
            ("evaluation_interval: 15s", "evaluation_interval: 200ms"),
        ):
            assert old in configuration
            configuration = configuration.replace(old, new)
        (directory / "prometheus.yml").write_text(configuration)
        command = (
            prometheus,
            f"--config.file={directory / 'prometheus.yml'}",
            f"--web.listen-address=127.0.0.1:{port}",
            f"--storage.tsdb.path={directory / 'prometheus'}",
            "--rules.alert.resend-delay=10m",
        )  # what ended before is not told again
        ingest.start()
        monitor.start()
        try:
            with running(*command, log=directory / "prometheus.log"):
                yield Site(ingest, monitor, f"http://127.0.0.1:{port}", sent, fresh)
        finally:
            ingest.stop()
            monitor.stop()
