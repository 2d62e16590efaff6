"""The range of what the law of a date may lead to: amounts, lines and conditions, at their edges."""

from datetime import date

import msgspec
import pytest

from detectors.configuration_faults import stopping_faults
from detectors.contracts.configuration import Limit, Sanctions
from detectors.contracts.limits import Rulebook
from detectors.typologies.declared import Sanction
from detectors.typologies.exposure import Worth, exposure
from detectors.values.money import Ratio
from streams.ledger.configuration_in_force import find_lacking_tables
from tests.support.ledger import configuration

BOOK = Rulebook(configuration())
TODAY = date(2026, 3, 2)
WON = Ratio(1000, 1)  # 1 000 won to the dollar


def told(article, *, single=0, total=0, day=TODAY, rate=WON):
    """(kind, condition, most KRW, years) of each end."""
    ends = exposure((Sanction(article, "so", "그렇다면"),), BOOK, day, Worth(single, total, rate))
    return [(end.kind, end.condition, end.krw, end.years) for end in ends]


def test_the_procedure_of_payments_has_a_fine_and_no_criminal_line():
    """Act art. 32(2) no. 2: up to 50 million won; art. 29(1) no. 6 is of fines of art. 32(1) alone."""
    assert told("act_15", single=10**15, total=10**15) == [("fine", "cannot_tell", "50000000", 0)]


@pytest.mark.parametrize(("article", "line"), [("act_16", 5_000_000_00), ("act_18", 2_000_000_00)])
def test_the_line_of_a_criminal_case_is_passed_by_a_single_payment(article, line):
    """At 1 000 won: 5 and 2 million dollars; exactly the line is not beyond it, the sum alone cannot tell."""
    late, fine = ("fine", "cannot_tell", "30000000", 0), ("fine", "cannot_tell", "100000000", 0)
    repeated = ("repeated", "cannot_tell", None, 1)
    won = line * 10
    at_line = told(article, single=line, total=line)
    assert at_line == [late, fine, ("criminal", "not_met", str(3 * won), 1), repeated]
    assert told(article, single=line + 1, total=line + 1)[2] == ("criminal", "met", str(3 * (won + 10)), 1)
    assert told(article, single=line, total=line + 1)[2] == ("criminal", "cannot_tell", str(3 * won), 1)


def test_three_times_the_value_counts_where_it_is_more_than_the_fine():
    """A third of 100 million won is the edge."""
    assert told("act_16", single=100_00, total=100_00)[2][2] == "100000000"
    assert told("act_16", single=33_334_00, total=33_334_00)[2][2] == "100002000"


def test_business_without_registration_and_a_fixed_rate_have_no_line():
    """Three years and 300 million won; five years and 500 million; or three times the value."""
    assert told("act_8", single=100) == [("criminal", "cannot_tell", "300000000", 3)]
    assert told("act_5_2", single=100) == [("criminal", "cannot_tell", "500000000", 5)]
    assert told("act_8", single=1_000_000_00) == [("criminal", "cannot_tell", "3000000000", 3)]
    assert told("act_17") == [("fine", "cannot_tell", "50000000", 0)]


def test_without_a_reference_rate_amounts_in_won_cannot_be_told():
    """The fines stand in won in the law, and are told all the same."""
    ends = told("act_16", single=10**12, total=10**12, rate=None)
    assert ends[1] == ("fine", "cannot_tell", "100000000", 0)
    assert ends[2] == ("criminal", "cannot_tell", None, 1)


def test_the_law_is_that_of_the_date():
    """Lines were half as high until 2023-07-03; before 2017-07-18 nothing is told."""
    single = 1_500_000_00
    assert told("act_18", single=single, day=date(2023, 7, 3))[2][1] == "met"
    assert told("act_18", single=single, day=date(2023, 7, 4))[2][1] == "not_met"
    assert told("act_18", single=single, day=date(2017, 7, 17)) == []
    assert len(told("act_18", single=single, day=date(2017, 7, 18))) == 4


def test_a_configuration_without_sanctions_tells_nothing():
    """One of an earlier release: no law of another time is applied."""
    bare = Rulebook(configuration(sanctions={"limits": []}))
    assert exposure((Sanction("act_16", "so", "그렇다면"),), bare, TODAY, Worth(1, 1, WON)) == ()


def test_each_end_says_its_condition_its_article_and_its_figures():
    """In both languages, and the whole sentence of the criminal line."""
    ends = exposure(
        (Sanction("act_16", "a report was due", "신고 대상이었다면"),), BOOK, TODAY, Worth(100_00, 900_00, WON)
    )
    assert [end.article for end in ends] == ["act_16"] * 4
    assert ends[0].text_en == (
        "An administrative fine of up to KRW 30,000,000 (Act art. 32(3) no. 1; law, in force since 2017-07-18), if a "
        "report was due and a later report could stand in its place, and was not made"
    )
    assert ends[1].text_ko == (
        "신고 대상이었다면 100,000,000원 이하의 과태료(외국환거래법 제32조제1항제3호; 법령, 2017년 7월 18일 시행)"
    )
    assert ends[2].text_en == (
        "Up to 1 year in prison or up to KRW 100,000,000, the larger of KRW 100,000,000 and 3 times the value (Act "
        "art. 29(1) no. 3; law, in force since 2017-07-18), if a report was due and a single payment is beyond KRW "
        "5,000,000,000 (law, in force since 2023-07-04): the largest is KRW 100,000"
    )
    assert ends[2].text_ko == (
        "신고 대상이었다면, 그리고 단일 거래가 5,000,000,000원(법령, 2023년 7월 4일 시행)을 초과한다면(최대 거래 "
        "100,000원) 1년 이하의 징역 또는 100,000,000원 이하의 벌금. 100,000,000원과 가액의 3배 중 큰 금액"
        "(외국환거래법 제29조제1항제3호; 법령, 2017년 7월 18일 시행)"
    )
    assert "within 2 years before" in ends[3].text_en
    assert "직전 2년 이내" in ends[3].text_ko


def test_a_value_of_a_sanction_that_is_no_number_is_refused_before_it_stops_a_partition():
    """Whoever sends it: the core asks too. A configuration of before there were sanctions lacks the table only."""
    limit = Limit(name="act_16_fine", value="1E+999", unit="KRW", effective_from=TODAY, provenance="L")
    (fault,) = stopping_faults(msgspec.structs.replace(configuration(), sanctions=Sanctions(limits=(limit,))))
    assert fault.startswith("[sanctions] limit act_16_fine from 2026-03-02: not a number of 0 or more")
    many = Sanctions(limits=(msgspec.structs.replace(limit, value="1"),) * 2001)
    assert stopping_faults(msgspec.structs.replace(configuration(), sanctions=many)) == [
        "[sanctions] limits: got: 2001; expected: at most 2000"
    ]
    before = msgspec.structs.replace(configuration(), sanctions=msgspec.UNSET)
    assert stopping_faults(before) == []
    assert find_lacking_tables(before) == ["sanctions"]
    assert b"sanctions" not in msgspec.json.encode(before)
