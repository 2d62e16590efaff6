"""Has a rule look at a shared thing as it is, and as it would be had one institution told nothing of it.

What one institution makes up must not hide what the others tell: hundreds of payers whose amounts differ, so that a
ring is a small part of a foreign party's payments; one huge payment, beside which a cycle is nothing. So a rule finds
what all payments satisfy, and besides what those without any one institution's do, where that names other residents.
The finding says whose payments are left out, and is worth less: they may be real, and explain the others.

All institutions are tried at a thing of few payments; of a hub those with most payments and those with most money. An
institution that has little of both can bend no share, sum or balance by much.
"""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from detectors.books.payments import sums_by
from detectors.typologies.base import law_test
from detectors.typologies.node_view import NodeFinding, NodeTypology, NodeView
from detectors.wording import phrases

# Rows looked at again, all institutions together, and how many are tried of the largest hub. Failure prevented: 64
# institutions at a hub of 512 payments, and a leg took 60 ms.
MOST_AGAIN, LEAST_TRIED = 2_048, 4
# Of a hub, without a sender of less than a third of a finding it is about the same.
LEAST_PART, MOST_OF_FEW = 3, 128
# Our judgement: what was left out may explain the rest.
WORTH = 0.8


class Without(NamedTuple):
    """A thing without what one sender told of it; the empty name is of all that have no share of their own."""

    sender: str
    view: NodeView


def withouts(view: NodeView) -> list[Without]:
    """The thing without each sender that is tried; none where only one tells of it. Cost: 10 us a sender."""
    sums = sums_by(view.rows["institution"], view.rows["usd"])
    if len(sums) < 2:  # noqa: PLR2004 - nearly every thing
        return []
    counts, cents = Counter(map(view.sender, view.rows["institution"].tolist())), Counter[str]()
    for number, (usd,) in sums.items():
        cents[view.sender(number)] += usd
    if len(counts) < 2:  # noqa: PLR2004 - the same
        return []
    half = max(MOST_AGAIN // len(view.rows), LEAST_TRIED) // 2
    tried = {*_largest(counts, half), *_largest(cents, half)}
    return [Without(sender, view.without_sender(sender)) for sender in sorted(tried)]


def _largest(sums: Counter[str], number: int) -> list[str]:
    return sorted(sums, key=lambda sender: (-sums[sender], sender))[:number]


def looks(
    typology: NodeTypology, view: NodeView, others: Sequence[Without], series: str, at_us: int
) -> list[NodeFinding]:
    """What the rule finds in a series: in all payments first, then without one sender's where that names others.

    `others` are `withouts(view)`. What all payments of a hub satisfy is looked at again without those alone on whom a
    third of it rests. Cost: one look, and as many as there are others; of a hub at most three.
    """
    whole = typology.look(view, series, at_us)
    if whole is not None and len(view.rows) > MOST_OF_FEW:
        most = {sender for sender, cents in whole.finding.parts if cents * LEAST_PART >= whole.finding.size}
        others = [each for each in others if each.sender in most]
    without = [(each, one) for each in others if (one := typology.look(each.view, series, at_us)) is not None]
    found: list[NodeFinding] = []
    named: set[int] = set()
    if whole is not None:
        named.update(whole.residents)
        sizes = tuple((each.sender, one.finding.size) for each, one in without if not _names_others(one, named))
        found.append(whole._replace(finding=msgspec.structs.replace(whole.finding, without=sizes)))
    for each, one in sorted(without, key=lambda pair: (-pair[1].finding.size, pair[0].sender)):
        if _names_others(one, named):
            named.update(one.residents)
            found.append(_said(one, each.sender))
    return found


def _names_others(found: NodeFinding, named: set[int]) -> bool:
    """Whether most residents of a finding are not named yet: a wider window of the same ring names some more too."""
    return 2 * len(named.intersection(found.residents)) < len(found.residents)


def _said(found: NodeFinding, sender: str) -> NodeFinding:
    """The finding, with whose payments are left out, and its size without them."""
    finding, name = found.finding, phrases.code(sender)
    who = f"institution {name}" if sender else "institutions that are not listed"
    who_ko = f"금융기관 {name}" if sender else "등록되지 않은 금융기관"
    test = law_test(
        "told_by_all",
        f"It shows beside what {who} reported as well; that is left out here",
        f"{who_ko}의 보고분을 포함하여도 나타남. 여기서는 제외하였음",
        holds=False,
    )
    said = msgspec.structs.replace(
        finding,
        strength=round(finding.strength * WORTH, 4),
        text_en=f"{finding.text_en} What {who} reported is left out here: beside it these payments do not stand out.",
        text_ko=f"{finding.text_ko} {who_ko}의 보고분은 제외하였으며, 이를 포함하면 해당 거래가 두드러지지 않습니다.",
        tests=(*finding.tests, test),
        without=((sender, finding.size),),
    )
    return found._replace(finding=said)
