"""A rule looks at a shared thing as it is, and without what each institution told of it."""

from zoneinfo import ZoneInfo

import numpy as np
import pytest

from detectors.books.payments import OUT, ROW
from detectors.contracts.limits import Rulebook
from detectors.typologies.base import Finding, law_test
from detectors.typologies.node_view import NodeFinding, NodeView
from detectors.typologies.without_one import looks, withouts
from tests.support.ledger import configuration

BANKS = ("", "A", "B", "C", "D", "E", "F")


def view_of(*payments: tuple[int, str, int], levels: dict[str, int] | None = None, times: int = 1) -> NodeView:
    """A thing with payments of (resident, bank, cents)."""
    found = np.zeros(len(payments) * times, ROW)
    for place, (who, bank, cents) in enumerate(payments * times):
        found[place]["beneficiary"], found[place]["usd"], found[place]["flags"] = who, cents, OUT
        found[place]["institution"], found[place]["event"] = BANKS.index(bank), place
    levels = levels or {}
    return NodeView(
        kind="counterparty",
        name="k1.111.payee",
        rows=found,
        names=list(BANKS),
        residents={},
        zone=ZoneInfo("Asia/Seoul"),
        rulebook=Rulebook(configuration()),
        legend=configuration().legend,
        level=max(levels.values(), default=0),
        levels=levels,
    )


def names(view: NodeView) -> list[str]:
    """The senders without whom the thing is looked at."""
    return [each.sender for each in withouts(view)]


def test_where_one_institution_told_all_there_is_nothing_to_leave_out():
    """So for nearly every thing; names that count to one share are one."""
    assert names(view_of()) == []
    assert names(view_of((1, "A", 100), (2, "A", 200))) == []
    one = view_of((1, "A", 100), (2, "B", 200))
    one.senders = {1: "", 2: ""}
    assert names(one) == []


def test_each_of_few_institutions_is_left_out_once():
    """With all that it told; the others' payments stay in their order."""
    view = view_of((1, "B", 100), (2, "A", 200), (3, "B", 300))
    assert names(view) == ["A", "B"]
    left = {each.sender: each.view.rows["usd"].tolist() for each in withouts(view)}
    assert left == {"A": [100, 300], "B": [200]}


def test_all_without_a_share_are_left_out_together():
    """Made-up names cost nothing."""
    view = view_of((1, "A", 100), (2, "B", 200), (3, "C", 300))
    view.senders = {1: "A", 2: "", 3: ""}
    assert {each.sender: each.view.rows["usd"].tolist() for each in withouts(view)} == {"": [100], "A": [200, 300]}


def test_of_a_hub_those_with_most_payments_and_those_with_most_money_are_tried():
    """2 048 rows are looked at again: of 512 payments two senders of each kind."""
    few = [(1, "A", 1)] * 4 + [(2, "B", 2)] * 3 + [(3, "C", 70), (4, "D", 60), (5, "E", 50)]
    assert names(view_of(*few)) == ["A", "B", "C", "D", "E"]
    assert names(view_of(*few, times=51)) == ["A", "B", "C", "D"]
    # of 341 three of each kind: C has most money too
    assert names(view_of(*few[:5], (6, "F", 5), *few[5:], times=31)) == ["A", "B", "C", "D", "E"]


def test_the_level_of_a_sample_is_that_of_the_senders_who_are_left():
    """One sender's flood makes no sample of the others' payments."""
    view = view_of((1, "A", 100), (2, "B", 200), (3, "C", 200), levels={"B": 3, "C": 1})
    assert {each.sender: (each.view.level, each.view.levels) for each in withouts(view)} == {
        "A": (3, {"B": 3, "C": 1}),
        "B": (1, {"C": 1}),
        "C": (3, {"B": 3}),
    }


def test_a_payment_of_a_sample_stands_for_those_left_out():
    """By its own sender's level; a size that is given is shared out."""
    view = view_of((1, "A", 100), (2, "B", 200), (3, "A", 50), levels={"B": 2})
    assert view.sized(view.rows) == (950, (("B", 800), ("A", 150)))
    assert view.sized(view.rows, 95) == (95, (("B", 80), ("A", 15)))
    assert view.sized(view.rows[:0]) == (0, ())


class Rule:
    """Finds the residents of each bank that is looked for, where no payment above 1 000 cents is there."""

    def __init__(self, bank: str) -> None:
        self.bank, self.looked = bank, 0

    def look(self, view, series, at_us):
        """See the class."""
        self.looked += 1
        assert (series, at_us) == ("out", 0)
        own = view.rows[view.rows["institution"] == BANKS.index(self.bank)]
        if not len(own) or view.rows["usd"].max() > 1_000:
            return None
        size, parts = view.sized(own)
        finding = finding_of(size, parts)
        return NodeFinding(finding, tuple(dict.fromkeys(own["beneficiary"].tolist())))


def finding_of(size: int, parts: tuple[tuple[str, int], ...]) -> Finding:
    """A finding of this size; one test of the law is met."""
    return Finding(
        strength=0.51234,
        limits=(),
        window="",
        measured=(),
        offsets=(),
        institutions=(),
        series="out",
        size=size,
        growth=200,
        memory_us=1,
        at_risk=size,
        value="",
        unit="USD",
        own_baseline=None,
        own_n=0,
        peer_baseline=None,
        text_en="A.",
        text_ko="가.",
        parts=parts,
        tests=(law_test("several_names", "Several names", "여러 명의", holds=True),),
    )


def test_what_one_institution_hides_is_found_without_it():
    """It is worth less, and says whose payments are left out."""
    view, rule = view_of((1, "A", 100), (2, "A", 200), (9, "B", 5_000), (8, "C", 10)), Rule("A")
    (found,) = looks(rule, view, withouts(view), "out", 0)
    assert found.residents == (1, 2)
    assert (found.finding.strength, found.finding.without) == (0.4099, (("B", 300),))
    assert found.finding.text_en == (
        "A. What institution B reported is left out here: beside it these payments do not stand out."
    )
    assert (
        found.finding.text_ko
        == "가. 금융기관 B의 보고분은 제외하였으며, 이를 포함하면 해당 거래가 두드러지지 않습니다."
    )
    last = found.finding.tests[-1]
    assert (last.id, last.outcome) == ("told_by_all", "not_met")
    assert last.text_en == "It shows beside what institution B reported as well; that is left out here"
    assert last.text_ko == "금융기관 B의 보고분을 포함하여도 나타남. 여기서는 제외하였음"


def test_institutions_without_a_share_are_named_so():
    """No name of theirs stands for all."""
    view = view_of((1, "A", 100), (9, "B", 5_000))
    view.senders = {1: "A", 2: ""}
    (found,) = looks(Rule("A"), view, withouts(view), "out", 0)
    assert "What institutions that are not listed reported is left out" in found.finding.text_en
    assert "등록되지 않은 금융기관의 보고분은 제외" in found.finding.text_ko
    assert found.finding.without == (("", 100),)


def test_what_all_show_is_told_once_with_its_size_without_each():
    """Nothing more is told where the same residents are named."""
    view = view_of((1, "A", 100), (2, "A", 200), (9, "B", 50))
    (found,) = looks(Rule("A"), view, withouts(view), "out", 0)
    assert (found.finding.strength, found.finding.without, found.finding.text_en) == (0.51234, (("B", 300),), "A.")


class Two:
    """Finds two residents of bank B where it told anything, else three of bank A."""

    def __init__(self, common: int, number: int) -> None:
        self.common, self.number = common, number

    def look(self, view, series, at_us):
        """See the class."""
        there = BANKS.index("B") in view.rows["institution"]
        own = view.rows[view.rows["institution"] == BANKS.index("B" if there else "A")]
        size, parts = view.sized(own)
        residents = (7, 8, *range(1, 1 + self.common)) if there else tuple(range(1, 1 + self.number))
        return NodeFinding(finding_of(size, parts), residents)


@pytest.mark.parametrize(("common", "of", "number"), [(0, 5, 2), (2, 5, 2), (3, 5, 1), (2, 4, 1)])
def test_a_second_finding_names_others_than_the_first(common, of, number):
    """Most of its residents: a wider window of the same ring names some more too."""
    view = view_of((1, "A", 100), (2, "A", 200), (9, "B", 50))
    found = looks(Two(common, of), view, withouts(view), "out", 0)
    assert len(found) == number
    assert found[0].finding.without == ((("A", 50),) if number > 1 else (("A", 50), ("B", 300)))
    assert number == 1 or (found[1].residents, found[1].finding.without) == (tuple(range(1, 1 + of)), (("B", 300),))


def test_of_a_hub_only_institutions_of_a_third_are_left_out_of_what_all_show():
    """Each look costs a millisecond there; at a thing of 128 payments all are."""
    payments = [(1, "A", 34), (3, "B", 33)]
    for times, number in ((64, 3), (65, 2)):
        view, rule = view_of(*payments, times=times), Rule("A")
        (found,) = looks(rule, view, withouts(view), "out", 0)
        assert (rule.looked, bool(found.finding.without)) == (number, number > 2)
    view, rule = view_of((1, "A", 100), (2, "B", 100), (3, "C", 100), times=43), OfAll()
    looks(rule, view, withouts(view), "out", 0)
    assert rule.looked == 4


class OfAll(Rule):
    """Finds all residents."""

    def __init__(self) -> None:
        super().__init__("")

    def look(self, view, series, at_us):
        """See the class."""
        self.looked += 1
        size, parts = view.sized(view.rows)
        return NodeFinding(finding_of(size, parts), tuple(dict.fromkeys(view.rows["beneficiary"].tolist())))


class Each:
    """Finds nothing where all told; else the residents of the bank with most of what is left."""

    def look(self, view, series, at_us):
        """See the class."""
        size, parts = view.sized(view.rows)
        if len(parts) == 3:
            return None
        own = view.rows[view.rows["institution"] == BANKS.index(parts[0][0])]
        return NodeFinding(finding_of(size, parts), tuple(dict.fromkeys(own["beneficiary"].tolist())))


def test_of_several_the_largest_stands_first():
    """By size, of equal ones by name; what names the same residents again is left out."""
    view = view_of((1, "A", 300), (2, "B", 200), (3, "C", 200))
    found = looks(Each(), view, withouts(view), "out", 0)
    assert [(one.residents, one.finding.without) for one in found] == [((1,), (("B", 500),)), ((2,), (("A", 400),))]
