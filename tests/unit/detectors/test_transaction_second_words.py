"""The models look at a second institution's word about a payment too, and learn each payment once.

Each attack stands beside the same payment without it, and beside honest words of two banks.
"""

from typing import Any

import msgspec
import pytest

from detectors import payment_score
from detectors.books.party import unpack
from detectors.contracts.events import Transaction
from detectors.core import apply
from detectors.features import LAYOUT, EventView, Observation, measure_again, observe
from detectors.memory.state import PartitionState
from tests.support.ledger import Ledger, configuration, later, payment
from tests.support.payment_joins import PARTY

SETTINGS = {"warm_up": 90, "daily_budget": 600.0, "rank_ceiling": 1.0, "most_by_chance": 1e9, "exploration": 0.0}
# 10:00 in Seoul, at the reference rate; and 02:00 there at 107 basis points above it, under T16's 150
USUAL = {"evidence": "shown", "settled_currency": "KRW", "deal_rate": "1400"}
ODD = USUAL | {"deal_rate": "1415"}
NIGHT = 16


def uetr(number: int) -> str:
    return f"eb6305c9-1f7f-49de-aed0-16487c27b4{number:02x}"


def quiet() -> Ledger:
    """Ninety days of one party, alike, at three banks in turn, so that none of them is odd; none alerts."""
    ledger = Ledger(configuration(detectors=SETTINGS))
    for day in range(92):
        ledger.rate(later(days=day, hours=-1), str(1400))
        if day < 90:
            bank = ("BANKA", "BANKB", "BANKX")[day % 3]
            ledger.pay(f"a{day}", later(days=day), str(900 + day % 7), institution=bank, **USUAL)
    return ledger


def word(ledger: Ledger, name: str, institution: str, *, odd: bool, history: bool = False, **fields: Any) -> int:
    """One bank's word about the payment of the 91st day; how many statistical alerts it raised."""
    at = later(days=90, hours=NIGHT if odd else 0)
    told = (ODD if odd else USUAL) | {"institution": institution, "payment_id": uetr(1)} | fields
    outputs = ledger.pay(name, at, "903", history=history, **told)
    assert all(alert.trigger_event_id == name and not alert.typologies for alert in outputs.alerts)
    return len(outputs.alerts)


@pytest.mark.parametrize(
    ("words", "alerts"),
    [
        ((("BANKA", True),), [1]),
        ((("BANKX", False), ("BANKA", True)), [0, 1]),  # told first with fields that look harmless
        ((("BANKA", True), ("BANKX", False)), [1, 0]),
        ((("BANKB", True), ("BANKA", True)), [1, 0]),  # two honest banks, either first: one alert
        ((("BANKA", False), ("BANKB", False)), [0, 0]),
        ((("BANKX", False), ("BANKA", True), ("BANKX", True)), [0, 1, 0]),
    ],
    ids=["alone", "harmless first", "harmless second", "both odd", "both usual", "corrected"],
)
def test_who_tells_a_payment_first_hides_nothing_odd_of_it(words, alerts):
    """A payment by night off the usual rate raises one statistical alert, whoever else tells it, and how."""
    ledger = quiet()
    assert [word(ledger, f"w{n}", bank, odd=odd) for n, (bank, odd) in enumerate(words)] == alerts
    assert ledger.state.counters["payment.restated"] == len(words) - 1


def test_a_second_word_teaches_nothing():
    """Not the models, the peers, the party's habits; else two banks that tell each payment would count for two."""
    ledger = quiet()
    word(ledger, "x", "BANKX", odd=False)
    before = unpack(ledger.state.parties[PARTY]).baselines
    state = ledger.state.scorer.to_state(), ledger.state.baselines.to_state(), before
    assert word(ledger, "a", "BANKA", odd=True) == 1
    after = unpack(ledger.state.parties[PARTY]).baselines
    assert (ledger.state.scorer.to_state(), ledger.state.baselines.to_state(), after) == state
    assert ledger.state.counters["scored"] == 92


def test_an_order_is_the_second_word_and_its_settlement_is_none():
    """The models see each bank's first word: 92 of 93 events; a correction of a bank is none either."""
    ledger = quiet()
    found = [word(ledger, "x", "BANKX", odd=False)]
    found += [word(ledger, f"a{status}", "BANKA", odd=False, status=status) for status in ("ordered", "settled")]
    assert (found, ledger.state.counters["scored"]) == ([0, 0, 0], 92)


@pytest.mark.parametrize(("first", "second", "alerts"), [(True, False, [0, 1]), (False, True, [0, 0])])
def test_history_is_no_word_that_alerts(first, second, alerts):
    """A first word marked as history takes no alert from a live one; a second one so marked raises none."""
    ledger = quiet()
    found = [word(ledger, "x", "BANKX", odd=False, history=first), word(ledger, "a", "BANKA", odd=True, history=second)]
    assert found == alerts


def test_a_state_that_was_saved_between_two_words_gives_the_same():
    """Which payments had their statistical alert is part of the state."""
    ledger, kept = quiet(), quiet()
    for one in (ledger, kept):
        assert word(one, "b", "BANKB", odd=True) == 1
    kept.state = PartitionState.thaw(list(kept.state.freeze().sections()))
    for one in (ledger, kept):
        assert word(one, "a", "BANKA", odd=True) == 0
    assert kept.state.freeze().digest() == ledger.state.freeze().digest()


def test_the_features_see_the_second_word_and_when_the_first_was_told(monkeypatch: pytest.MonkeyPatch):
    """Beside the party's past and its peers', as they are; the hour is that of the word that is looked at."""
    ledger = quiet()
    word(ledger, "x", "BANKX", odd=False)
    asked: list[Any] = []
    monkeypatch.setattr(payment_score, "measure_again", lambda *told: asked.append(told) or measure_again(*told))
    baselines = unpack(ledger.state.parties[PARTY]).baselines
    word(ledger, "a", "BANKA", odd=True)
    [(view, *rest)] = asked
    assert rest == [baselines, ledger.state.baselines, later(days=90).timestamp()]
    assert (view.event_time_s, view.local_hour) == (later(days=90, hours=NIGHT).timestamp(), 2.0)
    assert view.sum_7d_usd == pytest.approx(sum(900 + day % 7 for day in range(84, 90)) + 903)


def test_a_second_word_is_measured_against_what_was_before_the_payment():
    """A counterparty is new though the first word was learned, one that was paid before is not, however long ago.

    The last payment may be this one, so that the gap and what rests on it are not known; all else as at the first word
    but for the payment itself among ninety.
    """
    for counterparty, new in (("k1.999.new", True), ("k1.111.payee", False)):
        ledger = quiet()
        event = payment("x", later(days=90), "903", counterparty=counterparty, **USUAL)
        step = seen(ledger, event)
        first, baselines = observe(step, unpack(ledger.state.parties[PARTY]).baselines, ledger.state.baselines)
        for days in (0, 40):
            again = {
                one.name: one
                for one in measure_again(step, moved_on(baselines, days), ledger.state.baselines, step.event_time_s)
            }
            for one in first:
                if one.name in {"cadence", "slow_boiling", "payment_count"}:
                    assert (again[one.name].value, again[one.name].deviation) == (None, None)
                elif one.name == "counterparty_novelty":
                    assert (again[one.name].value, one.value) == ((0, 0) if new else (1, 1))
                    assert (again[one.name].deviation > 0) == new
                elif one.deviation is not None:
                    assert again[one.name].deviation == pytest.approx(one.deviation, abs=0.2)


def seen(ledger: Ledger, event: Transaction) -> EventView:
    """What the models' features see of an event."""
    found: list[EventView] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(payment_score, "Observation", lambda view, *rest: found.append(view) or Observation(view, *rest))
        copy = PartitionState.thaw(list(ledger.state.freeze().sections()))
        apply(copy, event, msgspec.structs.replace(ledger.log[-1][1], offset=len(ledger.log), source=None))
    return found[0]


def moved_on(baselines: bytes, days: float) -> bytes:
    """Baselines as they are after so many days: all faded, the newest payment that much later."""
    past = LAYOUT.unpack(baselines)
    past.known = {name: weight * 0.5 ** (days / 90) for name, weight in past.known.items()}
    past.last_s += days * 86_400
    return LAYOUT.pack(past)
