"""What fires when something happens to a fleet: `promtool test rules` on the series that Prometheus would hold."""

import pytest

from tests.support.fleet_series import DAY, Worker, check, constant, counter, since

M1, M2 = "m1:6066", "m2:6067"
AGENTS = ("ingest", "monitor", "shared")
PAYMENTS = 'topic="fx.transactions.v1"'


def alert(name, **labels):
    return {"alertname": name, **labels}


def one_of_two(**of_the_first):
    """Two workers for everything, each with a partition of its own; `of_the_first` changes one of them."""
    return [
        Worker(M1, holds=lambda _a, number, _t: "running" if number == 0 else None, **of_the_first),
        Worker(M2, holds=lambda _a, number, _t: "running" if number == 1 else None),
    ]


@pytest.fixture
def faults(promtool, tmp_path):
    """The function that tells what promtool finds wrong with a scenario."""
    return lambda workers, minutes, firing, **more: check(promtool, tmp_path, workers, minutes, firing, **more)


def test_nothing_fires_while_all_is_well(faults):
    """Two workers, more than an hour of payments and rates, 1 % rejected."""
    assert faults(one_of_two(), 75, {75: []}, ever=False, evaluation=1) == ""


def test_a_scenario_can_fail(faults):
    """The check itself: an alert expected that does not fire, and one that does and is not expected, are found."""
    assert "FxwatchKafkaGone" in faults(one_of_two(), 10, {10: [alert("FxwatchKafkaGone")]})
    assert "FxwatchWorkerDown" in faults(one_of_two(away=[(2, 99, "down")]), 10, {10: []})
    assert "FxwatchWorkerDown" in faults(one_of_two(away=[(2, 5, "down")]), 10, {}, ever=False)


# alert -> (what the page of one worker shows then, labels that tell it apart, minute)
SHOWN = {
    "FxwatchWorkerNotReady": ({"fxwatch_unready_reasons": since(5, 2)}, {"instance": M1}, 16),
    "FxwatchWorkerCutOff": ({"fxwatch_broker_away_seconds": lambda now, _: max(0, now - 5) * 60}, {"instance": M1}, 7),
    "FxwatchLagGrowing": (
        {'fxwatch_lag_records{agent="monitor", partition="0"}': lambda now, _: 900 + 50 * now},
        {"agent": "monitor"},
        30,
    ),
    "FxwatchEndToEndSlow": ({'fxwatch_end_to_end_seconds_bucket{le="0.1"}': constant(0)}, {}, 25),
    "FxwatchSnapshotTooOld": (
        {'fxwatch_snapshot_age_seconds{agent="monitor", partition="0"}': lambda now, _: 60 * now},
        {"agent": "monitor"},
        36,
    ),
    "FxwatchMetricAbsent": ({"fxwatch_sender_keys": None}, {}, 12),
    "FxwatchReconciliationGap": ({"fxwatch_reconciliation_gap": since(5, -3)}, {"instance": M1}, 8),
    "FxwatchInputsUnread": ({'fxwatch_records_passed_total{topic="fx.rates.v1", cause="moved"}': since(5, 7)}, {}, 6),
    "FxwatchHeldByTransaction": ({'fxwatch_hidden_records{agent="ingest", partition="0"}': since(5, 9)}, {}, 11),
    "FxwatchDeadLetterRate": (
        {'fxwatch_dead_letters_total{topic="fx.transactions.v1", code="key.differs"}': counter(80)},
        {},
        10,
    ),
    "FxwatchSenderNotProven": (
        {'fxwatch_sender_proofs_total{institution="BANKKRSE", outcome="signature.missing"}': since(5, 1)},
        {},
        6,
    ),
    "FxwatchSenderKeysDiffer": (
        {'fxwatch_sender_keys{fingerprint="a"}': None, 'fxwatch_sender_keys{fingerprint="none"}': constant(0)},
        {},
        16,
    ),
    "FxwatchManyNewParties": (
        {
            f'fxwatch_sender_words_total{{institution="OTHRKRSE", word="{word}"}}': counter(400)
            for word in ("event", "new_party")
        },
        {},
        60,
    ),
    "FxwatchPartiesForgotten": ({"fxwatch_parties_forgotten_total": since(5, 1)}, {}, 6),
    "FxwatchRatesMissing": ({"fxwatch_rate_missing_total": counter(15)}, {}, 40),
    "FxwatchRatesNotUsed": ({'fxwatch_rates_total{verdict="rate.held"}': since(5, 1)}, {}, 7),
    "FxwatchStopped": ({'fxwatch_stopped{what="statistical_alerts"}': constant(1)}, {}, 61),
    "FxwatchDrift": (
        {'fxwatch_drift_total{segment="person.out", measure="amount"}': since(5, 1)},
        {},
        6,
    ),
}


@pytest.mark.parametrize("name", SHOWN)
def test_each_cause_fires_its_alert_alone(name, faults):
    """One figure of one worker's page is wrong: the alert that it belongs to fires, and no other."""
    shows, labels, minute = SHOWN[name]
    workers = one_of_two(shows=shows)
    if name == "FxwatchMetricAbsent":
        workers = [Worker(M1, shows={'fxwatch_sender_keys{fingerprint="a"}': None})]
    if name == "FxwatchEndToEndSlow":
        workers[1].shows = shows
    assert faults(workers, minute, {minute: [alert(name, **labels)]}) == ""


def test_a_stopped_partition_fires_at_once_and_alone(faults):
    """Its worker is not ready either, which is said by this alert and not by another."""
    workers = [
        Worker(
            M1,
            holds=lambda agent, number, now: "stopped" if (agent, number) == ("monitor", 1) and now >= 5 else "running",
            shows={"fxwatch_unready_reasons": since(5, 1)},
        )
    ]
    stopped = [alert("FxwatchPartitionStopped", agent="monitor")]
    assert faults(workers, 20, {4.75: [], 5.25: stopped, 20: stopped}) == ""


def test_one_of_two_workers_dies(faults):
    """The other has its partitions after 10 s; one alert fires after 2 minutes, and ends when the worker is back."""
    workers = [
        Worker(
            M1, away=[(5, 30, "down")], holds=lambda _a, number, now: "running" if number == 0 and now < 5 else None
        ),
        Worker(
            M2,
            holds=lambda _a, number, now: (
                "running" if number == 1 else "replaying" if 5.25 <= now < 6 else "running" if now >= 6 else None
            ),
        ),
    ]
    down = [alert("FxwatchWorkerDown", instance=M1)]
    assert faults(workers, 40, {6.75: [], 7.5: down, 29: down, 31: []}) == ""


def test_the_only_worker_of_a_role_dies(faults):
    """What an operator acts on: which worker, and for each agent that its work is not done. Once it was 13."""
    workers = [Worker(M1, ("ingest",)), Worker(M2, ("monitor", "shared"), away=[(5, 99, "down")])]
    dead = [
        alert("FxwatchWorkerDown", instance=M2),
        *(alert("FxwatchAgentGone", agent=agent) for agent in ("monitor", "shared")),
    ]
    absent = alert("FxwatchMetricAbsent")  # snapshot ages are theirs, and follow (Alertmanager holds them back)
    assert faults(workers, 30, {6.75: [], 7.5: dead, 14: dead, 16: [*dead, absent]}) == ""


def test_partitions_that_nobody_takes_over(faults):
    """One alert for an agent however many they are, and not before a rebalance must be done."""
    workers = [
        Worker(M1, holds=lambda _a, number, now: "running" if number == 0 or now < 5 else None),
        Worker(M2, holds=lambda *_: None),
    ]
    lost = [alert("FxwatchPartitionNotHeld", agent=agent) for agent in AGENTS]
    assert faults(workers, 12, {7.75: [], 8.5: lost}) == ""


def _gone(kind):
    return [Worker(M1, away=[(5, 18, kind)]), Worker(M2, ("monitor", "shared"), away=[(5.25, 18.5, kind)])]


def test_a_fleet_that_does_not_answer(faults):
    """Everything that its metrics stand for is missing; the page is FxwatchFleetGone, from which the rest follows."""
    gone = [alert("FxwatchFleetGone"), *(alert("FxwatchAgentGone", agent=agent) for agent in AGENTS)]
    down = [alert("FxwatchWorkerDown", instance=instance) for instance in (M1, M2)]
    absent = alert("FxwatchMetricAbsent")
    back = [gone[0], down[1]]  # the second one comes later: the cause is told until all are there
    firing = {6.75: [], 7.75: [*gone, *down], 16: [*gone, *down, absent], 18.25: back, 18.75: gone[:1], 19.5: []}
    assert faults(_gone("down"), 20, firing, evaluation=0.25) == ""


def test_a_fleet_that_service_discovery_finds_no_more(faults):
    """No target, so no `up` either: absence is what is seen."""
    gone = [alert("FxwatchFleetGone"), *(alert("FxwatchAgentGone", agent=agent) for agent in AGENTS)]
    assert faults(_gone("gone"), 20, {6.75: [], 7.75: gone, 16: [*gone, alert("FxwatchMetricAbsent")], 19.5: []}) == ""


def test_no_ingest_in_service_discovery(faults):
    """A role without any target is seen although the other role's metrics are there."""
    workers = [Worker(M1, ("ingest",), away=[(5, 99, "gone")]), Worker(M2, ("monitor", "shared"))]
    assert faults(workers, 9, {6.75: [], 7.5: [alert("FxwatchAgentGone", agent="ingest")]}) == ""


@pytest.mark.parametrize("job", ["payments-watch", "prod-fxwatch-monitor"])
def test_jobs_may_have_any_name(job, faults):
    """Whatever you call a job: a worker that has been seen in the last day is known by its metrics."""
    workers = [Worker(M1), Worker(M2, job=job, away=[(5, 99, "down")])]
    assert faults(workers, 8, {8: [alert("FxwatchWorkerDown", instance=M2)]}) == ""


def test_a_worker_that_never_answered_is_known_by_its_jobs_name(faults):
    """A target misspelt from the start is told where the job's name has fxwatch in it; else nothing knows it."""
    never = [(0, 99, "down")]
    workers = [Worker(M1), Worker("typo:6066", away=never), Worker("other:80", job="shop", away=never)]
    assert faults(workers, 4, {4: [alert("FxwatchWorkerDown", instance="typo:6066")]}) == ""


def _away(back):
    """Brokers are away from minute 5 until `back`: workers wait 5 minutes, end, and are started again then."""
    return {
        "away": [(10, back, "down")],
        "shows": {
            "fxwatch_broker_away_seconds": lambda now, _: (now - 5) * 60 if 5 <= now < back else 0,
            "fxwatch_unready_reasons": lambda now, _: 1 if 5 <= now < back else 0,
        },
    }


def test_kafka_is_gone(faults):
    """Told within 2 minutes as what it is, and still so when the workers have ended; over when one reaches it again."""
    workers = [Worker(M1, ("ingest",), **_away(40)), Worker(M2, ("monitor", "shared"), **_away(40))]
    kafka = alert("FxwatchKafkaGone")
    cut = [alert("FxwatchWorkerCutOff", instance=instance) for instance in (M1, M2)]
    ended = [
        alert("FxwatchFleetGone"),
        alert("FxwatchMetricAbsent"),
        *(alert("FxwatchAgentGone", agent=agent) for agent in AGENTS),
        *(alert("FxwatchWorkerDown", instance=instance) for instance in (M1, M2)),
    ]
    # inhibited by the first: tests/contract/test_alertmanager.py
    assert faults(workers, 42, {5.75: [], 7: [kafka, *cut], 9: [kafka, *cut], 39: [kafka, *ended], 41.5: []}) == ""


def test_a_broker_of_one_that_is_started_anew_fires_nothing(faults):
    """Away for 50 s."""
    shows = {"fxwatch_broker_away_seconds": lambda now, _: max(0, now - 5) * 60 if now < 5.8 else 0}
    assert faults([Worker(M1, shows=shows), Worker(M2, shows=shows)], 10, {}, ever=False) == ""


@pytest.mark.parametrize("kind", ["down", "gone"])
def test_a_rolling_restart_fires_nothing(kind, faults):
    """One worker after the other, 45 s each, replaying for two minutes; static targets and service discovery."""

    def holds(mine, first, second):
        def state(_agent, number, now):
            if first <= now < first + 2:  # back, and reading what it missed
                return "replaying" if number == mine else None
            return "running" if number == mine or second <= now < second + 0.75 else None

        return state

    workers = [
        Worker(M1, away=[(5, 5.75, kind)], holds=holds(0, 5.75, 10)),
        Worker(M2, away=[(10, 10.75, kind)], holds=holds(1, 10.75, 5.25)),
    ]
    assert faults(workers, 20, {}, ever=False) == ""


def test_the_only_worker_restarted_within_30_s_fires_nothing(faults):
    """By systemd or Kubernetes: 30 s away, another 30 s until it holds partitions again, not ready meanwhile."""
    workers = [
        Worker(
            M1,
            away=[(5, 5.5, "down")],
            holds=lambda _a, _n, now: None if 5.5 <= now < 6 else "running",
            shows={"fxwatch_unready_reasons": lambda now, _: 1 if 5 <= now < 6 else 0},
        )
    ]
    assert faults(workers, 20, {}, ever=False) == ""


def test_scale_in_and_scale_out_fire_nothing(faults):
    """Three workers become one and three again; whoever goes is taken out of service discovery first."""
    away = [(5, 15, "gone")]
    workers = [
        Worker("a:1", holds=lambda *_: "running"),
        Worker("b:1", away=away, holds=lambda *_: None),
        Worker("c:1", away=away, holds=lambda *_: None),
    ]
    assert faults(workers, 22, {}, ever=False, evaluation=0.5) == ""


HOUR, WEEK = 60, 7 * 24 * 60


def _read(rate_at):
    """Ingest that reads payments at a rate that depends on the minute; 10 minutes a step."""
    total, known = 0.0, {}
    for moment in range(0, WEEK + 2 * 24 * HOUR + 10, 10):
        known[moment] = total
        total += 10 * rate_at(moment)
    return Worker(M1, shows={f"fxwatch_records_read_total{{{PAYMENTS}}}": lambda now, _: known[round(now)]})


def _quiet(worker, minutes, firing, faults):
    return faults([worker], minutes, firing, step=10, evaluation=10, only="FxwatchNoRecords")


def test_a_quiet_night_fires_nothing_and_a_quiet_day_does(faults):
    """Banks send from 8 to 19 o'clock on weekdays, all are silent in the second week's Monday from 12 on."""

    def rate(minute):
        day, hour = int(minute // (24 * HOUR)), minute / HOUR % 24
        working = day % 7 < 5 and 8 <= hour < 19
        return 0 if not working or minute >= WEEK + 12 * HOUR else 20

    records = [alert("FxwatchNoRecords")]
    day = 24 * HOUR
    firing = {
        day + 3 * HOUR: [],
        5 * day + 12 * HOUR: [],
        WEEK + 3 * HOUR: [],
        WEEK + 12 * HOUR: [],
        WEEK + 13 * HOUR: records,
        WEEK + 20 * HOUR: [],
        WEEK + day + 3 * HOUR: [],
    }
    assert _quiet(_read(rate), WEEK + 2 * day, firing, faults) == ""


def test_four_days_without_a_payment_fire_in_the_first_week_too(faults):
    """Nothing to compare with: longer than a long weekend counts."""
    day = 24 * HOUR
    firing = {4 * day: [], 5 * day + 2 * HOUR: [alert("FxwatchNoRecords")]}
    assert _quiet(_read(lambda minute: 20 if minute < day else 0), 6 * day, firing, faults) == ""


def test_rejected_payments_are_a_share_of_payments_whatever_rates_come(faults):
    """6 % of 600 payments an hour, while 60 rates a minute go into each partition; one bad record is no ticket."""

    def shows(rejected):
        return {
            f"fxwatch_records_read_total{{{PAYMENTS}}}": counter(10),
            'fxwatch_records_read_total{topic="fx.rates.v1"}': counter(60),
            'fxwatch_events_total{agent="monitor", outcome="applied"}': counter(10 + 60 * 12),
            f'fxwatch_dead_letters_total{{{PAYMENTS}, code="json.syntax"}}': rejected,
            'fxwatch_sender_words_total{institution="BANKKRSE", word="event"}': counter(10),
            'fxwatch_sender_words_total{institution="BANKKRSE", word="new_party"}': constant(0),
        }

    told = [alert("FxwatchDeadLetterRate")]
    assert faults([Worker(M1, shows=shows(counter(0.6)))], 60, {60: told}, evaluation=1) == ""
    one = shows(since(20, 1)) | {f"fxwatch_records_read_total{{{PAYMENTS}}}": since(20, 1)}
    assert faults([Worker(M1, shows=one)], 60, {}, ever=False, only="FxwatchDeadLetterRate") == ""


def test_payments_without_a_rate_are_a_share_of_payments(faults):
    """2 % fire, though rates are 98 % of what the monitor applies; half a percent, or three in an hour, do not."""

    def shows(missing, payments):
        return {
            "fxwatch_rate_missing_total": counter(missing),
            'fxwatch_events_total{agent="monitor", outcome="applied"}': counter(payments + 60 * 12),
            'fxwatch_sender_words_total{institution="BANKKRSE", word="event"}': counter(payments),
            'fxwatch_sender_words_total{institution="BANKKRSE", word="new_party"}': constant(0),
        }

    told, alone = [alert("FxwatchRatesMissing")], {"evaluation": 1, "only": "FxwatchRatesMissing"}
    assert faults([Worker(M1, shows=shows(0.3, 15))], 90, {90: told}, evaluation=1) == ""
    assert faults([Worker(M1, shows=shows(0.5, 100))], 90, {}, ever=False, **alone) == ""
    assert faults([Worker(M1, shows=shows(0.05, 1))], 90, {}, ever=False, **alone) == ""


def test_rates_that_stay_away(faults):
    """27 h behind the payments fires; a payment dated a day ahead does not make the rate old, nor does a restart."""
    rates, payments = (
        f'fxwatch_source_watermark_seconds{{topic="{topic}"}}' for topic in ("fx.rates.v1", "fx.transactions.v1")
    )

    def clock(ahead_hours):
        return lambda now, _: 60 * now + 3600 * ahead_hours

    two_days, alone = 2 * DAY / 60, {"step": 10, "evaluation": 10, "only": "FxwatchRatesAbsent"}
    late = {rates: constant(20 * 3600), payments: clock(0)}
    firing = {45 * HOUR: [], 47 * HOUR: [alert("FxwatchRatesAbsent")]}
    assert faults([Worker(M1, shows=late)], two_days, firing, **alone) == ""
    ahead = {rates: lambda now, _: 60 * (now - now % 1440), payments: clock(24)}
    restarted = {rates: lambda now, began: 0 if began else clock(-1)(now, 0), payments: clock(0)}
    for shows, away in ((ahead, ()), (restarted, [(1500, 1510, "down")])):
        worker = Worker(M1, shows=shows, away=away)
        assert faults([worker], two_days, {47 * HOUR: []}, **alone) == ""


def test_a_backlog_that_shrinks_is_no_slowness(faults):
    """After an outage alerts are late and nothing is to be done; when the backlog does not shrink there is."""
    slow = {'fxwatch_end_to_end_seconds_bucket{le="0.1"}': constant(0)}
    lag = 'fxwatch_lag_records{agent="monitor", partition="0"}'
    shrinking = slow | {lag: lambda now, _: 100_000 - 1000 * now}
    assert faults([Worker(M1, shows=shrinking)], 60, {}, ever=False, only="FxwatchEndToEndSlow") == ""
    standing = slow | {lag: constant(100_000)}
    assert faults([Worker(M1, shows=standing)], 30, {30: [alert("FxwatchEndToEndSlow")]}, evaluation=1) == ""


def test_an_old_snapshot_of_a_quiet_partition_is_harmless(faults):
    """60 payments an hour: a partition may have had none since, and there is nothing to replay."""
    shows = {
        'fxwatch_snapshot_age_seconds{agent="monitor", partition="0"}': lambda now, _: 60 * now,
        'fxwatch_events_total{agent="monitor", outcome="applied"}': counter(1),
    }
    assert faults([Worker(M1, shows=shows)], 60, {}, ever=False, evaluation=1) == ""


def test_workers_of_an_older_release_are_told(faults):
    """They do not show what these rules need: said, instead of rules that are silent whatever happens."""
    shows = {"fxwatch_broker_away_seconds": None, "fxwatch_unready_reasons": None}
    assert faults([Worker(M1, shows=shows)], 12, {9: [], 11: [alert("FxwatchMetricAbsent")]}) == ""
