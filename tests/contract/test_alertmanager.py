"""Alertmanager's configuration: who is told, what is held back, and what is really sent for a dead worker."""

import re
import runpy
import socket
import subprocess
import threading
import urllib.error
import urllib.request
from http.server import ThreadingHTTPServer

import pytest
import yaml

from tests.support.fleet_series import RULES
from tests.support.paging import ALERTMANAGER, alertmanager, ask, site

NAMES = {rule["alert"]: rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]}
TEXT = ALERTMANAGER.read_text()
CONFIGURATION = yaml.safe_load(TEXT)


def run(*command):
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_amtool_accepts_the_configuration_and_its_mute_times(amtool, tmp_path):
    """As it stands, and with the commented mute times switched on, as the file says how."""
    assert "SUCCESS" in run(amtool, "check-config", str(ALERTMANAGER))
    muted = tmp_path / "muted.yml"
    muted.write_text(TEXT.replace("#? ", ""))
    assert "SUCCESS" in run(amtool, "check-config", str(muted))
    known = {one["name"] for one in yaml.safe_load(muted.read_text())["time_intervals"]}
    routes = yaml.safe_load(muted.read_text())["route"]["routes"]
    assert [set(route.get("mute_time_intervals", ())) for route in routes] == [set(), known]


@pytest.mark.parametrize("name", NAMES)
def test_each_alert_reaches_its_receiver(name, amtool):
    """Critical ones the pager, warnings the tickets."""
    labels = [f"{key}={value}" for key, value in {"alertname": name, **NAMES[name]["labels"]}.items()]
    receiver = run(amtool, "config", "routes", "test", f"--config.file={ALERTMANAGER}", *labels).split()
    assert receiver == [{"critical": "pager", "warning": "tickets"}[NAMES[name]["labels"]["severity"]]]


def test_receivers_are_told_of_the_end_and_hold_no_secret():
    """Each says when it is over; addresses are placeholders on this machine: nothing goes anywhere by itself."""
    for receiver in CONFIGURATION["receivers"]:
        for webhook in receiver["webhook_configs"]:
            assert webhook["send_resolved"] is True
            assert webhook["url"] == f"http://127.0.0.1:9099/{receiver['name']}"
    secrets = r"^\s*[^#\s]*(password|token|credentials|routing_key|api_key)\w*:"
    assert re.findall(secrets, TEXT, re.MULTILINE) == []


def test_alerts_that_are_named_exist():
    """A misspelt name would hold nothing back, and no checker would say so."""
    named = set(re.findall(r"Fxwatch[A-Z]\w+", "\n".join(str(rule) for rule in CONFIGURATION["inhibit_rules"])))
    assert named <= NAMES.keys()
    assert all("cluster" in rule["equal"] for rule in CONFIGURATION["inhibit_rules"])


def test_commands_that_ask_an_alertmanager_say_which():
    """Debian's amtool takes the one on this machine, upstream's refuses without an address."""
    root = ALERTMANAGER.parents[2]
    places = [ALERTMANAGER, RULES, root / "docs" / "RUNBOOK.md"]
    text = "\n".join(path.read_text() for path in places)
    asking = re.findall(r"amtool (?:silence|alert) [^`\n]*", text)
    assert len(asking) >= 7
    assert [one for one in asking if "--alertmanager.url=" not in one] == []


MEASURED = {"FxwatchLagGrowing", "FxwatchEndToEndSlow", "FxwatchSnapshotTooOld"}
WORKERS = {
    "FxwatchAgentGone",
    "FxwatchWorkerDown",
    "FxwatchPartitionNotHeld",
    "FxwatchWorkerCutOff",
    "FxwatchWorkerNotReady",
    "FxwatchMetricAbsent",
} | MEASURED
READ = {"FxwatchHeldByTransaction", "FxwatchNoRecords", "FxwatchRatesAbsent", "FxwatchRatesMissing"}
INGEST, MONITOR = {"agent": "ingest"}, {"agent": "monitor"}
# what fires (with labels) -> what is held back of all others, where these have agent monitor, partition 0, worker m1
HELD = [
    ("FxwatchKafkaGone", {}, {"FxwatchFleetGone"} | WORKERS | READ),
    ("FxwatchFleetGone", {}, WORKERS | READ),
    ("FxwatchAgentGone", INGEST, READ | {"FxwatchWorkerNotReady", "FxwatchMetricAbsent"}),
    (
        "FxwatchAgentGone",
        MONITOR,
        MEASURED
        | {
            "FxwatchPartitionNotHeld",
            "FxwatchWorkerNotReady",
            "FxwatchMetricAbsent",
            "FxwatchRatesAbsent",
            "FxwatchRatesMissing",
        },
    ),
    ("FxwatchWorkerDown", {"job": "fxwatch", "instance": "m2"}, MEASURED | {"FxwatchWorkerNotReady"}),
    ("FxwatchWorkerCutOff", {"job": "fxwatch", "instance": "m1"}, {"FxwatchWorkerNotReady"}),
    ("FxwatchWorkerCutOff", {"job": "fxwatch", "instance": "m2"}, set()),
    ("FxwatchPartitionNotHeld", INGEST, {"FxwatchWorkerNotReady"}),
    ("FxwatchPartitionStopped", MONITOR | {"partition": "0"}, {"FxwatchSnapshotTooOld", "FxwatchLagGrowing"}),
    ("FxwatchPartitionStopped", MONITOR | {"partition": "1"}, {"FxwatchLagGrowing"}),
    ("FxwatchPartitionStopped", INGEST | {"partition": "0"}, set()),
    ("FxwatchLagGrowing", MONITOR, {"FxwatchEndToEndSlow"}),
    ("FxwatchRatesAbsent", {}, {"FxwatchRatesMissing"}),
    ("FxwatchInputsUnread", {"topic": "fx.rates.v1"}, {"FxwatchReconciliationGap"}),
]
SOURCES = {name for name, _, _ in HELD}


def test_what_follows_is_held_back_and_nothing_else(alertmanager_program, tmp_path):
    """Each pair of alerts, posted to the real Alertmanager: what one of them holds back, and what it must not."""
    rows = [*HELD, *((name, {}, set()) for name in NAMES if name not in SOURCES)]
    labels = {"agent": "monitor", "partition": "0", "job": "fxwatch", "instance": "m1"}
    posted = []
    for number, (source, own, _) in enumerate(rows):
        for other in NAMES.keys() - {source}:
            pair = {"cluster": f"{number} {other}"}
            posted += [
                {"labels": {"alertname": source, **own, **pair}},
                {"labels": {"alertname": other, **labels, **pair}},
            ]
    with alertmanager(alertmanager_program, tmp_path, TEXT) as address:
        assert ask(f"{address}/api/v2/alerts", posted) is not None
        shown = ask(f"{address}/api/v2/alerts")
    assert len(shown) == len(posted)
    held = {(one["labels"]["cluster"], one["labels"]["alertname"]) for one in shown if one["status"]["inhibitedBy"]}
    for number, (source, own, wanted) in enumerate(rows):
        found = {other for other in NAMES if (f"{number} {other}", other) in held}
        assert found == wanted, (source, own)
    # held back by a cause that is told itself: two that hold each other back would be silence
    holds = {source: set().union(*(wanted for name, _, wanted in HELD if name == source)) for source in SOURCES}
    assert not [(one, other) for one in holds for other in holds[one] & SOURCES if one in holds[other]]


SHOW = runpy.run_path(str(ALERTMANAGER.with_name("show_notifications.py")))


def test_notifications_are_shown_in_words():
    """Who is told, what fires and what has ended, and where the runbook says what to do."""
    notes = {"summary": "m1 does not answer", "runbook_url": "docs/RUNBOOK.md#fxwatchworkerdown"}
    alerts = [
        {"status": status, "labels": {"alertname": "FxwatchWorkerDown"}, "annotations": notes}
        for status in ("firing", "resolved")
    ]
    assert SHOW["lines"]("pager", {"status": "firing", "alerts": alerts}) == [
        "PAGER  firing: 1 firing, 1 resolved",
        "  firing   FxwatchWorkerDown  m1 does not answer",
        "           docs/RUNBOOK.md#fxwatchworkerdown",
        "  resolved FxwatchWorkerDown  m1 does not answer",
        "           docs/RUNBOOK.md#fxwatchworkerdown",
    ]


def test_what_is_no_notification_is_refused(capsys):
    """A browser's or a scanner's request does not end the receiver."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), SHOW["Receiver"])
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    for body in (b"{}", b"[]", b"\xff", b""):
        with pytest.raises(urllib.error.HTTPError, match="400"):
            urllib.request.urlopen(f"http://127.0.0.1:{server.server_port}/pager", body)
    for length in (b"-1", b"many"):
        with socket.create_connection(("127.0.0.1", server.server_port), 5) as scanner:
            scanner.sendall(b"POST /pager HTTP/1.0\r\nContent-Length: " + length + b"\r\n\r\n")
            assert b" 400 " in scanner.recv(100)  # and does not wait for what may never end
    server.shutdown()
    server.server_close()
    assert capsys.readouterr().err.count("not a notification of Alertmanager") == 6


def told(notification):
    """Who was told what: receiver, state, names of alerts."""
    return (
        notification["receiver"],
        notification["status"],
        sorted(one["labels"]["alertname"] for one in notification["alerts"]),
    )


def test_one_notification_for_a_dead_worker_and_for_a_vanished_fleet(
    prometheus_program, alertmanager_program, tmp_path
):
    """Real Prometheus and Alertmanager, deploy/'s files, a hundred times as fast: one page each, one when it ends."""
    dead = ["FxwatchAgentGone", "FxwatchWorkerDown"]  # as tests/contract/test_alert_scenarios.py says
    with site(prometheus_program, alertmanager_program, tmp_path) as here:
        with here.told():
            here.monitor.stop()
            sent = here.notifications(quiet_seconds=1.8)
            assert [told(one) for one in sent] == [("pager", "firing", dead)]
            links = [one["annotations"]["runbook_url"] for one in sent[0]["alerts"]]
            assert sorted(links) == [f"docs/RUNBOOK.md#{name.lower()}" for name in dead]
            here.monitor.start()
            assert [told(one) for one in here.notifications(quiet_seconds=1)] == [("pager", "resolved", dead)]

        with here.told():
            here.vanish()
            sent = here.notifications(quiet_seconds=1.8)
            assert [told(one) for one in sent] == [("pager", "firing", ["FxwatchFleetGone"])]
            assert sent[0]["alerts"][0]["annotations"]["runbook_url"] == "docs/RUNBOOK.md#fxwatchfleetgone"
            assert {"FxwatchWorkerDown", "FxwatchAgentGone"} < here.firing()
            here.ingest.start()
            here.monitor.start()
            sent = here.notifications(quiet_seconds=1)  # what was held back has ended before it
            assert [told(one)[:2] for one in sent] == [("pager", "resolved")]
            assert "FxwatchFleetGone" in told(sent[0])[2]
