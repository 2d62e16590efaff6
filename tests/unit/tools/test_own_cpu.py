"""The time that tests of cost are judged by: CPU of the block, in seconds of the machine of the limits."""

import math
import time

import pytest

from tests.support import own_cpu as module
from tests.support.own_cpu import KNOWN_WORK_SECONDS, SPEED_HOLDS_SECONDS, least_cpu, own_cpu, slowness


@pytest.fixture(autouse=True)
def nothing_told(monkeypatch):
    monkeypatch.delenv("MUTANT_UNDER_TEST", raising=False)
    monkeypatch.setattr(module, "_told", module._Told())


@pytest.mark.parametrize(("times_as_long", "told"), [(0.5, 1.0), (1.0, 1.0), (1.5, 1.5), (3.0, 3.0)])
def test_a_slower_machine_counts_less_and_a_faster_one_no_more(monkeypatch, times_as_long, told):
    monkeypatch.setattr(module, "_do_known_work", lambda: times_as_long * KNOWN_WORK_SECONDS)
    readings = iter([10.0, 10.6])
    monkeypatch.setattr(module.time, "thread_time", lambda: next(readings))
    with own_cpu() as measured:
        pass
    assert slowness() == told
    assert measured.seconds == pytest.approx(0.6 / told)


def test_the_known_work_is_done_again_when_its_answer_is_old(monkeypatch):
    answers = iter([4.0, 2.0, 3.0, 5.0, 5.0, 6.0])
    monkeypatch.setattr(module, "_do_known_work", lambda: next(answers) * KNOWN_WORK_SECONDS)
    now = [0.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    assert slowness() == 2.0
    now[0] = SPEED_HOLDS_SECONDS
    assert slowness() == 2.0
    now[0] = math.nextafter(SPEED_HOLDS_SECONDS, 1)
    assert slowness() == 5.0


def test_the_cheapest_run_is_told(monkeypatch):
    monkeypatch.setattr(module, "slowness", lambda: 1.0)
    readings = iter([0.0, 0.5, 1.0, 1.2, 2.0, 2.9])
    monkeypatch.setattr(module.time, "thread_time", lambda: next(readings))
    assert least_cpu(lambda: None, times=3) == pytest.approx(0.2)


def test_waiting_is_no_cpu():
    with own_cpu() as measured:
        time.sleep(0.05)
    assert measured.seconds < 0.02
