"""T01's windows and its search for fewer pieces, against the plain way of doing both."""

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from detectors.books.payments import ROW
from detectors.typologies import t01_split_remittance as t01
from detectors.typologies.t01_split_remittance import SplitRemittance
from detectors.typologies.t01_windows import FewWindows, Windows
from tests.support.ledger import START, Ledger, configuration

SETTINGS = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
PIECES = st.lists(
    st.tuples(
        st.integers(0, 24 * 100),
        st.sampled_from(["4900", "4100.5", "5000", "3999", "12"]),
        st.sampled_from(["k1.111.a", "k1.222.b", "k1.333.c", "k1.444.d"]),
        st.sampled_from(["40101", "40101", "40201"]),
    ),
    min_size=3,
    max_size=40,
)
SOME = st.lists(st.tuples(st.integers(0, 30), st.integers(1, 9), st.integers(0, 4)), max_size=30)


def fullest_plainly(pieces, at_us, width_us):
    """Every window that begins at a piece and holds `at_us`, summed anew; the first of those with most money."""
    best, best_total = (0, 0), -1
    for first, (begin, _) in enumerate(pieces):
        inside = [cents for time, cents in pieces[first:] if time < begin + width_us]
        if at_us - width_us < begin <= at_us and sum(inside) > best_total:
            best, best_total = (first, first + len(inside)), sum(inside)
    return best


def rows_of(pieces):
    """Rows with times, amounts and beneficiaries, in order of time."""
    ordered = sorted(pieces)
    rows = np.zeros(len(ordered), ROW)
    for number, (time, cents, payee) in enumerate(ordered):
        rows[number]["time"], rows[number]["usd"], rows[number]["beneficiary"] = time, cents, payee
    return rows


@SETTINGS
@given(
    SOME,
    st.integers(0, 30),
    st.integers(1, 12),
    st.sampled_from([1, 2**59]),
    st.sampled_from([Windows, FewWindows]),
)
def test_the_fullest_window_is_the_one_found_by_summing_every_window(pieces, at, width, unit, kind):
    """Late payments in the middle, equal times, equal sums, amounts whose sum leaves 64 bits; few pieces and many."""
    rows = rows_of([(time, cents * unit, payee) for time, cents, payee in pieces])
    windows = kind(rows)
    first, last, total = windows.fullest(at, width)
    amounts = rows["usd"].tolist()
    assert (first, last) == fullest_plainly(list(zip(rows["time"].tolist(), amounts, strict=True)), at, width)
    assert total == sum(amounts[first:last])
    assert windows.beneficiaries(first, last) == len(set(rows["beneficiary"].tolist()[first:last]))


class Watched:
    """Keeps every context that fires, with its finding."""

    def __init__(self, monkeypatch):
        self.fired, evaluate = [], SplitRemittance.evaluate

        def kept(rule, context):
            found = evaluate(rule, context)
            if found is not None:
                self.fired.append((context, found))
            return found

        monkeypatch.setattr(SplitRemittance, "evaluate", kept)


def fewest_plainly(context, others):
    """The rule evaluated for each number of pieces, as the alert says it."""
    for fewer in range(1, len(others) + 1):
        if SplitRemittance().evaluate(context.without(others[-fewer:])) is None:
            return fewer
    return None


@SETTINGS
@given(PIECES, st.sampled_from([2025, 2026]), st.sampled_from(["person", "company"]), st.sampled_from(["0", "1"]))
@example([(hour, "4900", "k1.111.a", "40101") for hour in range(30)], 2026, "person", "0")
def test_the_search_for_fewer_pieces_finds_what_evaluating_each_number_finds(pieces, year, party_type, before_cap):
    """Up to 16 pieces the same number; beyond, a number that silences where one piece more fires."""
    limits = [
        {
            "name": "report_before_cap",
            "value": before_cap,
            "unit": "flag",
            "effective_from": "2019-01-01",
            "provenance": "D",
        }
        if limit.name == "report_before_cap"
        else {
            "name": limit.name,
            "value": limit.value,
            "unit": limit.unit,
            "effective_from": limit.effective_from,
            "provenance": limit.provenance,
        }
        for limit in configuration().rules["T01"].limits
    ]
    with pytest.MonkeyPatch.context() as patch:
        watched = Watched(patch)
        ledger = Ledger(configuration(rules={"T01": {"limits": limits}}))
        for number, (hours, amount, payee, purpose) in enumerate(pieces):
            at = START.replace(year=year) + timedelta(hours=hours)
            ledger.pay(f"e{number}", at, amount, counterparty=payee, purpose=purpose, party_type=party_type)
        fired = list(watched.fired)
    for context, finding in fired:
        others = [offset for offset in finding.offsets if offset != context.payment.offset]
        found = t01._fewest_removed(context, others)
        if len(others) <= t01.FEW_PIECES:
            assert found == fewest_plainly(context, others)
        elif found is not None:
            silent, firing = (
                SplitRemittance().evaluate(context.without(others[len(others) - number :]))
                for number in (found, found - 1)
            )
            assert (silent, firing is None) == (None, False)


def test_a_hundred_pieces_name_how_many_are_enough():
    """Of 96 payments of 4 900 to one payee the alert says that two would not have fired: halving misses none there."""
    ledger = Ledger()
    alerts = [
        alert
        for number in range(100)
        for alert in ledger.pay(f"e{number}", START + timedelta(minutes=10 * number), party_type="company").alerts
    ]
    (pieces,) = [each.value for hit in alerts[-1].typologies for each in hit.measured if each.name == "pieces"]
    assert pieces == 96 > t01.FEW_PIECES
    assert (
        alerts[-1].counterfactual[2].change.startswith("Had there been 2 such transfers instead of 96, T01 would not")
    )
    assert not alerts[-1].counterfactual[2].would_alert
