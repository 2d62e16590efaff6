"""Parties silent for more than 435 days leave memory, a few hundred at a record, whatever the clock jumps over."""

from datetime import timedelta

from detectors.books.party import Party, pack
from detectors.memory import state as state_module
from detectors.memory.state import PartitionState
from detectors.values.legal_calendar import to_us
from tests.support.ledger import START, Ledger, later
from tests.support.own_cpu import own_cpu

IDLE = timedelta(days=state_module.IDLE_DAYS + 35)


def crowd(count):
    """A ledger whose partition has `count` parties last seen at the start, each with a former name."""
    ledger = Ledger()
    ledger.pay("warm", START - timedelta(days=1), party="k1.0a3.warm")
    record = pack(Party(party_type="person", first_us=to_us(START), last_us=to_us(START), payments=b"\0" * 144))
    for number in range(count):
        ledger.state.parties[f"k1.0a3.{number}"] = record
        ledger.state.rename(f"k0.0a3.{number}", f"k1.0a3.{number}", to_us(START))
    return ledger


def test_a_party_is_let_go_a_microsecond_after_its_last_day():
    """Exactly 435 days of silence are remembered; at the first payment of an hour in which it is more, it is gone."""
    ledger = Ledger()
    ledger.pay("a", START, party="k1.0a3.a")
    ledger.pay("b", START + IDLE, party="k1.0a3.b")
    assert "k1.0a3.a" in ledger.state.parties
    ledger.pay("c", START + IDLE + timedelta(minutes=59), party="k1.0a3.b")
    assert "k1.0a3.a" in ledger.state.parties
    ledger.pay("d", START + IDLE + timedelta(minutes=60), party="k1.0a3.b")
    assert list(ledger.state.parties) == ["k1.0a3.b"]


def test_a_crowd_of_idle_parties_costs_no_record_more_than_a_few_milliseconds():
    """20 000 parties and names that become idle at once took 0.2 s; now 256 go at each record until all are gone."""
    ledger, slowest = crowd(20_000), 0.0
    for number in range(90):
        before = len(ledger.state.parties)
        with own_cpu() as measured:
            ledger.pay(f"p{number}", later(days=440, seconds=number), party="k1.0a3.other")
        slowest = max(slowest, measured.seconds)
        assert before - len(ledger.state.parties) <= state_module.MOST_SWEPT
    assert list(ledger.state.parties) == ["k1.0a3.other"]
    assert not ledger.state.renamed
    assert slowest < 0.02


def test_a_sweep_that_is_not_done_goes_on_after_a_save_and_load_in_its_middle():
    """The same digest, whatever was saved in between; the hour counts as swept only when nothing idle is left."""
    straight, broken = crowd(600), crowd(600)
    for number in range(5):
        straight.pay(f"p{number}", later(days=440), party="k1.0a3.other")
        broken.pay(f"p{number}", later(days=440), party="k1.0a3.other")
        if number < 2:
            assert broken.state.swept_hour != to_us(later(days=440)) // 3_600_000_000
        broken.state = PartitionState.thaw(list(broken.state.freeze().sections()))
    assert straight.state.freeze().digest() == broken.state.freeze().digest()
    assert list(broken.state.parties) == ["k1.0a3.other"]
