"""T09 over goods groups: prices far from those of other traders, and honest differences."""

import pytest

from detectors.books import payments
from detectors.books.party import unpack
from detectors.contracts.events import Declaration
from detectors.typologies.node_view import NodeView
from detectors.typologies.t09_prices import PriceOfGoods
from tests.support.ledger import digest16, later
from tests.support.leg_log import LegLog, resident

GROUP = "847130/CN/EA"


def line(name: str, who: int, day: float, price: float, quantity: str = "1000", **fields) -> Declaration:
    """A declared line of one goods group."""
    given = {
        "event_id": name,
        "identity": digest16(name),
        "body": digest16(f"{name}{price}"),
        "declaration_no": f"N-{name}",
        "declared_time": later(days=day),
        "kind": "import",
        "party": resident(who),
        "counterparty": "k1.111.maker",
        "counterparty_country": "CN",
        "hs_code": "8471309000",
        "quantity": quantity,
        "quantity_unit": "EA",
        "value": f"{price * float(quantity):.2f}",
        "currency": "USD",
    } | fields
    return Declaration(**given)


def peers(log: LegLog, traders: int = 5, lines: int = 4, **fields) -> None:
    """Lines of traders 10, 11, ... at 95 to 105 USD a unit."""
    for number in range(traders * lines):
        price = 100 + (number * 7 % 11 - 5)
        assert not alerts_of(log, line(f"p{number}", 10 + number % traders, number, price, **fields))


def alerts_of(log: LegLog, event: Declaration) -> list:
    """The alerts of a line."""
    return [alert for outputs in log.send(event) for alert in outputs.alerts]


def test_an_import_at_twice_the_usual_price_is_found_with_what_it_is_compared_with():
    """The gap is what the quantity would cost at the median; the evidence names the line and its trader."""
    log = LegLog()
    peers(log)
    assert not alerts_of(log, line("own", 1, 20, 104))
    (alert,) = alerts_of(log, line("dear", 1, 21, 200))
    (hit,) = alert.typologies
    assert (hit.id, hit.window, alert.party, alert.parties) == ("T09", "90 days", resident(1), (resident(1),))
    assert (alert.shared.kind, alert.shared.token, alert.counterparty) == ("goods", GROUP, None)
    assert {one.name: one.value for one in hit.measured} == {
        "unit_value": "200.00",
        "unit_value_median": "100.00",
        "unit_value_low_quarter": "97.00",
        "unit_value_high_quarter": "102.00",
        "robust_z": 20.0,
        "peer_lines": 20,
        "peer_traders": 5,
        "lines_apart": 1,
        "own_lines": 2,
        "declared_total": "200000.00",
        "price_gap": "100000.00",
    }
    assert alert.amount_usd == "100000.00"
    (item,) = alert.evidence
    assert (item.event_id, item.party, item.kind, item.amount) == ("dear", resident(1), "import", "200000.00")
    assert "takes value out of the country" in alert.reasons[0].text_en
    assert "국외로 나가는" in alert.reasons[0].text_ko
    assert "a median of 100.00 USD over 20 lines of 5 traders, half of the lines from 97.00" in alert.reasons[0].text_en
    assert "takes value out of the country. Grade, model and terms of delivery may" in alert.reasons[0].text_en
    assert "최고 미화 200.00달러로, 다른 업체 5곳의 신고 20건의 중앙값인 미화 100.00달러" in alert.reasons[0].text_ko
    (other,) = alert.counterfactual
    assert other.change.startswith("Had this line not been declared, T09 would not have fired / 이 신고가 없었다면")
    assert {test.id: test.outcome for test in hit.tests} == {
        "far_from_peers": "met",
        "value_out": "met",
        "duty_at_stake": "not_met",
        "same_grade": "cannot_tell",
        "unjust_gain": "cannot_tell",
    }


@pytest.mark.parametrize(
    ("kind", "price", "out", "duty"),
    [("import", 30, "not_met", "cannot_tell"), ("export", 30, "met", "not_met"), ("export", 300, "not_met", "not_met")],
)
def test_the_direction_says_where_value_goes(kind, price, out, duty):
    """Too cheap an export takes value out, too cheap an import may escape duty, too dear an export brings value in."""
    log = LegLog()
    peers(log, kind=kind)
    (alert,) = alerts_of(log, line("own", 1, 21, price, kind=kind))
    outcomes = {test.id: test.outcome for test in alert.typologies[0].tests}
    assert (outcomes["value_out"], outcomes["duty_at_stake"]) == (out, duty)


@pytest.mark.parametrize(
    ("case", "event"),
    [
        ("a usual price", line("own", 1, 21, 110)),
        ("a small gap", line("own", 1, 21, 200, quantity="499")),
        ("a better grade with a small gap", line("own", 1, 21, 150, quantity="900")),
        ("another unit", line("own", 1, 21, 200, quantity_unit="KG")),
        ("another country", line("own", 1, 21, 200, counterparty_country="VN")),
        ("other goods", line("own", 1, 21, 200, hs_code="8471410000")),
        ("the other direction", line("own", 1, 21, 200, kind="export")),
        ("after a quarter", line("own", 1, 120, 200)),
        ("no quantity", line("own", 1, 21, 200, quantity="1000", value="0")),
    ],
)
def test_what_is_no_finding(case, event):
    """Each lacks one thing that is asked for."""
    log = LegLog()
    peers(log)
    assert alerts_of(log, event) == [], case


@pytest.mark.parametrize(("traders", "lines"), [(1, 20), (7, 1)])
def test_few_peers_tell_nothing(traders, lines):
    """One other trader has its own prices, and seven lines are no distribution."""
    log = LegLog()
    peers(log, traders, lines)
    assert alerts_of(log, line("dear", 1, 21, 400)) == []


def test_a_trader_is_not_its_own_peer():
    """Who declares all lines too high does not make the price usual."""
    log = LegLog()
    peers(log)
    found = [alerts_of(log, line(f"dear{number}", 1, 20 + number / 10, 200)) for number in range(30)]
    assert [bool(each) for each in found[:4]] == [True, True, False, True]
    assert found[3][0].status == "updated"


def test_an_amended_line_takes_the_alert_back():
    """The declaration was wrong and is put right."""
    log = LegLog()
    peers(log)
    (alert,) = alerts_of(log, line("dear", 1, 21, 200))
    (back,) = alerts_of(log, line("right", 1, 22, 101, amends="dear"))
    assert (back.status, back.supersedes) == ("retracted", alert.alert_id)


def test_an_amendment_that_comes_first_keeps_what_it_amends_out():
    """Legs of one trader may come out of order after a crash."""
    log = LegLog()
    peers(log)
    assert alerts_of(log, line("right", 1, 22, 101, amends="dear")) == []
    assert alerts_of(log, line("dear", 1, 21, 200)) == []


def test_the_same_line_again_counts_once():
    """A duplicate, and one without a rate counts not at all."""
    log = LegLog()
    event = line("a", 1, 0, 100)
    assert [log.send(event)[0].outcome for _ in range(2)] == ["applied", "duplicate"]
    assert log.send(line("b", 1, 0, 100, currency="EUR"))[0].outcome == "applied"


def test_prices_near_each_other_have_a_floor():
    """Thirteen peers at the same price: four floors of five per cent, widened by the root of 20 over 13."""
    log = LegLog()
    for number in range(12):
        alerts_of(log, line(f"p{number}", 10 + number % 4, number, 100, quantity="10000"))
    assert alerts_of(log, line("near", 1, 21, 125, quantity="10000")) == []
    (alert,) = alerts_of(log, line("far", 2, 21, 127, quantity="10000"))
    assert {one.name: one.value for one in alert.typologies[0].measured}["robust_z"] == 4.35
    assert "fewer than 20" in alert.reasons[0].text_en


def test_a_group_of_thousands_of_lines_keeps_the_newest_and_judges_each():
    """No trader is left out of judgement."""
    log = LegLog()
    for number in range(700):
        alerts_of(log, line(f"p{number}", 10 + number % 40, number / 50, 100 + number % 7))
    assert len(alerts_of(log, line("dear", 999, 15, 300))) == 1


@pytest.mark.parametrize(
    ("price", "quantity", "z", "gap"),
    [
        (120, "10000", 4.0, "200000.00"),
        (119.99, "10000", None, None),
        (123.47, "10000", 4.69, "234700.00"),
        (200, "500", 20.0, "50000.00"),
        (20, "1000", 16.0, "80000.00"),
        (20, "600", None, None),
    ],
)
def test_deviations_and_gaps_at_their_limits(price, quantity, z, gap):
    """Four deviations of five per cent, and fifty thousand dollars, both included; on both sides of the median."""
    log = LegLog()
    peers(log)
    found = alerts_of(log, line("own", 1, 21, price, quantity=quantity))
    told = [{one.name: one.value for one in alert.typologies[0].measured} for alert in found]
    assert [(one["robust_z"], one["price_gap"]) for one in told] == ([] if z is None else [(z, gap)])


def test_the_quartiles_are_those_of_the_peers():
    """Of nine prices the third and the seventh."""
    log = LegLog()
    for number in range(9):
        alerts_of(log, line(f"p{number}", 10 + number % 3, number, 96 + number))
    (alert,) = alerts_of(log, line("dear", 1, 21, 300))
    told = {one.name: one.value for one in alert.typologies[0].measured}
    assert (told["unit_value_low_quarter"], told["unit_value_high_quarter"]) == ("98.00", "102.00")


def test_a_line_that_came_before_its_peers_is_looked_at_when_they_are_enough():
    """The eighth line of others is what it lacked; the alert names its trader, not the one whose line came then."""
    log = LegLog()
    assert alerts_of(log, line("early", 1, 0, 200)) == []
    for number in range(7):
        assert alerts_of(log, line(f"p{number}", 10 + number % 3, 1 + number, 98 + number % 5)) == []
    (alert,) = alerts_of(log, line("p7", 11, 9, 100))
    assert (alert.party, alert.parties, alert.trigger_event_id) == (resident(1), (resident(1),), "p7")
    assert [(item.event_id, item.party) for item in alert.evidence] == [("early", resident(1))]
    assert [alerts_of(log, line(f"more{number}", 12, 10 + number, 101)) for number in range(20)] == [[]] * 20


def test_others_are_looked_at_again_at_each_eighth_line():
    """A line among seventeen or more is its own trader's alone, but for every eighth: 24, 32 and so on."""
    log, waiting = LegLog(), []
    for number in range(33):
        alerts_of(log, line(f"p{number}", 10 + number, number, 100 + number % 3))
        waiting.append(len(_series(log, number)) - 1)
    assert waiting == [0] * 8 + list(range(8, 16)) + [0] * 7 + [16] + [0] * 7 + [16] + [0]


def test_those_furthest_from_the_middle_are_looked_at_again():
    """Of 24 traders the one at a fifth comes first, then that at three times; of the others those who came first."""
    log = LegLog()
    for number in range(24):
        alerts_of(log, line(f"p{number}", 10 + number, number, {5: 300, 9: 20}.get(number, 100), quantity="10"))
    node = unpack(log.state.parties[GROUP])
    numbers = payments.rows(node)["beneficiary"].tolist()
    first = [numbers[place] for place in (23, 9, 5, 0, 1, 2, 3, 4, 6, 7, 8, *range(10, 16))]
    assert _series(log, 23) == [f"{number:016x} import" for number in first]


def _series(log: LegLog, number: int) -> list[str]:
    """What the line of this place has the rule look at."""
    assert log.state.configuration
    assert log.state.effective
    node = unpack(log.state.parties[GROUP])
    view = NodeView(
        kind="goods",
        name=GROUP,
        rows=payments.rows(node),
        names=node.names,
        residents={},
        zone=log.state.effective.zone,
        rulebook=log.state.effective.rulebook,
        legend=log.state.configuration.legend,
    )
    return list(PriceOfGoods().series(view, payments.at(node, number)))


def test_few_lines_ask_for_a_wider_difference():
    """Ten peers at 100: four times 5 % times the root of two; the twenty-first line is judged by the floor alone."""
    log = LegLog()
    for number in range(10):
        alerts_of(log, line(f"p{number}", 10 + number % 5, number, 100, quantity="10000"))
    assert alerts_of(log, line("near", 1, 11, 128.2, quantity="10000")) == []
    assert len(alerts_of(log, line("far", 2, 12, 129.7, quantity="10000"))) == 1


def test_a_line_whose_proof_is_gone_is_shown_by_its_position():
    """Sixty lines came since the dear one, nearly all of its own trader, until others have lines enough."""
    log = LegLog()
    place = len(log.log)
    assert alerts_of(log, line("dear", 1, 0, 200)) == []
    for number in range(60):
        alerts_of(log, line(f"p{number}", 1 if number < 59 else 2, 1 + number / 4, 100))
    found = [alert for number in range(12) for alert in alerts_of(log, line(f"q{number}", 3, 20 + number, 100))]
    assert [[(item.amount, item.currency, item.kind, item.party) for item in alert.evidence] for alert in found] == [
        [("200000.00", "USD", "import", resident(1))]
    ]
    assert found[0].evidence[0].event_id == f"{found[0].position.topic}:{found[0].position.partition}:{place}"
