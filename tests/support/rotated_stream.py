"""A key rotation in mid-stream through real workers, one of them killed, and the proof that only names changed."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec

from detectors.books.party import unpack
from detectors.contracts.alert import Alert
from detectors.memory.state import PartitionState
from streams.cli.reidentify import generate_keys
from streams.contracts.input_record import DISPOSITIONS, TRANSACTIONS, ArrivedRecord, InputRecord
from streams.generator import Simulation
from streams.kafka import topics
from streams.keys.pseudonyms import NameSpace, parse_keys
from streams.monitor.core import MonitorCore
from streams.publication.sending import publish_records
from streams.settings import load_settings
from streams.version import code_version
from tests.support.chaos import MANY_ALERTS
from tests.support.cluster import PARTITIONS, Cluster, assert_exact
from tests.support.rotation import former_names, parties_without_names, under_old_names, without_names
from tests.support.sender import Sender

OLD_KEYS, NEW_KEYS = f"k1 = {'1f' * 32}\n", f"k2 = {'2e' * 32}\nk1 = {'1f' * 32}\n"
RESENT = 40
# what a raw record names, and the name space of its token
IDENTIFIERS: dict[str, NameSpace] = {
    "party_id": "party",
    "counterparty_id": "party",
    "contract_counterparty_id": "party",
    "related_counterparties": "party",
    "party_account": "account",
    "counterparty_account": "account",
    "device_id": "device",
    "contact_id": "contact",
}


class Rotated(msgspec.Struct, kw_only=True):
    """What a rotation came to; `old_after_new`: records of a renamed party that a worker behind still wrote as `k1`."""

    events: int
    kills: int
    overlap_records: int
    old_after_new: int
    renamed: int
    alerts: int
    days: int
    duplicates: int
    redelivered: int
    verdicts: int

    def __str__(self) -> str:
        return (
            f"{self.events:,} events, rolling restart with {self.kills} kills: {self.overlap_records:,} ledger records "
            f"under two keys, {self.old_after_new:,} still under the old one after their party was renamed, "
            f"{self.renamed:,} parties renamed; {self.duplicates:,} duplicates told, {self.redelivered:,} redelivered; "
            f"{self.alerts:,} alerts on {self.days} days, each day as many as without the rotation; "
            f"{self.verdicts} verdicts on old tokens kept with their party"
        )


def rotate(bootstrap: str, directory: Path, *, events: int, rounds: int, seed: int = 1, **settings: Any) -> Rotated:
    """A third of a stream under k1, a third while workers are restarted one by one, the rest under k2 and k1.

    `rounds`: restarts of the rolling rotation; every second one is a kill -9. Everything is asserted.
    """
    generate_keys(directory / "seal")
    seal = {"seal_key_file": directory / "seal" / "seal.pub"}
    stream = Simulation(seed=seed, events=events, bad_share=0.02)
    records = list(stream)
    first, second, third = records[: events // 3], records[events // 3 : 2 * events // 3], records[2 * events // 3 :]
    with Cluster(bootstrap, directory, MANY_ALERTS, snapshot_every_events=200, **seal, **settings) as cluster:
        assert (directory / "keys.txt").read_text() == OLD_KEYS
        workers = cluster.start(*["all"] * rounds)
        publish_records(load_settings(bootstrap=bootstrap), first, stamps="now", expected=len(first))
        cluster.wait_drained(120)
        (directory / "keys.txt").write_text(NEW_KEYS)
        kills = _roll(cluster, bootstrap, workers, second)
        resent = _valid(first)[-RESENT:] + _valid(second)[-RESENT:]
        verdicts = _verdicts(cluster.alerts())
        last = [*third, *resent, *verdicts]
        publish_records(load_settings(bootstrap=bootstrap), last, stamps="now", expected=len(last))
        cluster.wait_drained(180)
        _assert_named_by_keys(cluster, records)
        return _conclude(cluster, stream, kills, len(resent), verdicts)


def _roll(cluster: Cluster, bootstrap: str, workers: list[Any], records: list[InputRecord]) -> int:
    """Restart every worker with the new keys while records come, every second one by kill -9; returns the kills."""
    rate = len(records) / (6.0 * len(workers))
    sender = Sender(bootstrap, records, rate, allowed=len(records) + 1)
    sender.start()
    for number, worker in enumerate(workers):
        if number % 2:
            worker.kill()
        else:
            assert worker.stop() == 0, worker.words()
        # the new worker writes under k2 beside those not yet restarted before the next one goes
        cluster.wait_ready([cluster.spawn("all")])
    sender.finish(300)
    assert sender.resent == 0, "sent again: duplicates could not be counted"
    cluster.wait_drained(180)
    return len(workers) // 2


def _valid(records: list[InputRecord]) -> list[InputRecord]:
    """Transactions that were taken as they are: once each, with the key that their body demands."""
    found: dict[bytes, InputRecord] = {}
    counted: Counter[str] = Counter()
    keys = parse_keys(OLD_KEYS, "old")
    from streams.ingest.door import Admitted, Door

    door = Door(keys, PARTITIONS, {})
    for record in records:
        if record.topic == TRANSACTIONS and record.value is not None:
            admitted = door.admit(
                ArrivedRecord(record.topic, 0, 0, record.timestamp_ms, record.key, record.value, record.headers)
            )
            if isinstance(admitted, Admitted):
                counted[json.loads(record.value)["event_id"]] += 1
                found[record.value] = record
    # neither resent nor in conflict in the stream itself
    return [record for value, record in found.items() if counted[json.loads(value)["event_id"]] == 1]


def _verdicts(alerts: list[Alert]) -> list[InputRecord]:
    """One verdict on an alert of before the rotation for each of some parties, by the token that the alert shows."""
    by_party = {alert.party: alert for alert in alerts if alert.party.startswith("k1.")}
    found = []
    for number, (token, alert) in enumerate(sorted(by_party.items())[:20]):
        body = {
            "event_id": f"verdict{number}",
            "alert_id": alert.alert_id,
            "party": token,
            "verdict": "refuted",
            "reason": "salary, shown",
            "investigator": "officer 7",
            "decided_at": alert.created_for.isoformat(),
        }
        found.append(InputRecord(DISPOSITIONS, token.encode(), json.dumps(body).encode(), -1))
    return found


def _assert_named_by_keys(cluster: Cluster, records: list[InputRecord]) -> None:
    """Each pair of names in the ledger is what the two keys make of one raw identifier.

    The ledger's own word for who was who is what everything else below is compared by.
    """
    old, new = parse_keys(OLD_KEYS, "old"), parse_keys(NEW_KEYS, "new")
    expected: dict[str, str] = {}
    for record in records:
        try:
            body = json.loads(record.value or b"")
        except ValueError:
            continue
        for field, space in IDENTIFIERS.items():
            raw = body.get(field) if isinstance(body, dict) else None
            for identifier in raw if isinstance(raw, list) else [raw]:
                if isinstance(identifier, str):
                    expected[new.pseudonym(space, identifier).token] = old.pseudonym(space, identifier).token
    former = former_names(record for _, record in cluster.read(topics.LEDGER))
    parties = {old.party(json.loads(one.value or b"")["party_id"]).token for one in _valid(records)}
    assert len(parties & set(former.values())) > len(parties) / 2, "hardly any party was renamed"
    wrong = {newer: older for newer, older in former.items() if expected.get(newer) != older}
    assert not wrong, f"{len(wrong)} of {len(former)} tokens lead to somebody else, such as {next(iter(wrong.items()))}"


def _assert_same_parties(got: dict[str, dict[str, Any]], wanted: dict[str, dict[str, Any]]) -> None:
    """The same parties, and of each the same record; the first field that differs is told."""
    assert got.keys() == wanted.keys()
    for token, record in wanted.items():
        differing = [name for name in record if got[token][name] != record[name]]
        shown = [f"{name}: {got[token][name]!r:.600}, not {record[name]!r:.600}" for name in differing[:1]]
        assert not differing, f"{token} differs in {', '.join(differing)}; {shown[0]}"


def _conclude(cluster: Cluster, stream: Simulation, kills: int, resent: int, verdicts: list[InputRecord]) -> Rotated:
    replay = cluster.replay()
    assert_exact(cluster, replay)
    ledger: dict[int, list[Any]] = {number: [] for number in range(PARTITIONS)}
    for tp, record in cluster.read(topics.LEDGER):
        ledger[tp.partition].append(record)
    former = former_names(record for records in ledger.values() for record in records)
    rotated, days = [], Counter[str]()
    for number, records in ledger.items():
        state, alerts = _applied(number, records)
        plain, expected = _applied(number, [under_old_names(record, former) for record in records])
        assert without_names(alerts, former) == without_names(expected, {}), f"partition {number} alerts differently"
        _assert_same_parties(dict(parties_without_names(state, former)), dict(parties_without_names(plain, {})))
        assert state.counters == plain.counters
        rotated.append(state)
        days.update(alert.created_for.date().isoformat() for alert in expected)
    published = Counter(alert.created_for.date().isoformat() for alert in cluster.alerts())
    assert published == days, "a step in the alert rate"
    totals = Counter[str]()
    for state in rotated:
        totals.update(state.counters)
    assert totals["duplicates"] == len(stream.truth.of("resend")) + resent
    assert _kept(rotated, verdicts) == len(verdicts) > 0
    _tokens_go_on(cluster, former)
    overlap, behind = _mixed(ledger)
    assert overlap > 0
    return Rotated(
        events=stream.plan.events,
        kills=kills,
        overlap_records=overlap,
        old_after_new=behind,
        renamed=sum(len(state.renamed) for state in rotated),
        alerts=published.total(),
        days=len(days),
        duplicates=totals["duplicates"],
        redelivered=totals["redelivered"],
        verdicts=len(verdicts),
    )


def _applied(number: int, records: list[Any]) -> tuple[PartitionState, list[Alert]]:
    core = MonitorCore(code_version())
    state = core.new(number)
    outputs = [output for record in records for output in core.apply(state, number, record, muted=False)]
    return state, [msgspec.json.decode(one.value, type=Alert) for one in outputs if one.topic == topics.ALERTS]


def _kept(states: list[PartitionState], verdicts: list[InputRecord]) -> int:
    """Verdicts that stand with the party as it is named now, and the old name is nobody's."""
    kept = 0
    for record in verdicts:
        body = json.loads(record.value or b"")
        for state in states:
            packed = state.parties.get(state.newest_name(body["party"]))
            if packed is not None:
                party = unpack(packed)
                kept += (
                    bytes.fromhex(body["alert_id"]) in [one.alert for one in party.verdicts] and party.payments != b""
                )
    return kept


def _tokens_go_on(cluster: Cluster, former: dict[str, str]) -> None:
    """Legs and identities: the same slot under either name, and each party and counterparty has its sealed identity."""
    sealed = {(record.key or b"").decode() for _, record in cluster.read(topics.IDENTITIES)}
    seen = set()
    for tp, record in cluster.read(topics.LEGS):
        body, token = json.loads(record.value or b""), (record.key or b"").decode()
        if "party" not in body:  # rates and configurations stand on the legs too, and name nobody
            continue
        seen.add(body["party"])
        if body["kind"] == "goods":  # a group of goods is nobody, and has no token
            continue
        if body["kind"] == "counterparty":  # accounts, devices and contacts are never sealed
            seen.add(token)
        slot = token.split(".")[1]
        assert slot == former.get(token, token).split(".")[1]
        assert int(slot, 16) % PARTITIONS == tp.partition
    assert {token.split(".")[0] for token in seen} == {"k1", "k2"}
    assert seen <= sealed


def _mixed(ledger: dict[int, list[Any]]) -> tuple[int, int]:
    """(records under two keys, records under the old one alone whose party was renamed before)."""
    overlap = behind = 0
    for records in ledger.values():
        renamed: set[str] = set()
        for record in records:
            body = json.loads(record.value)
            previous, party = body.get("previous", {}), body.get("party")
            overlap += bool(previous)
            behind += party in renamed and body["type"] != "disposition"
            if party in previous:
                renamed.add(previous[party])
    return overlap, behind
