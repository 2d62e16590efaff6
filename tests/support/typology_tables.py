"""What rules declare, as tables of docs/TYPOLOGIES.md; `python -m tests.support.typology_tables` writes them there."""

import re
from collections.abc import Iterable, Iterator

from detectors.books.wanted import LookBack, OneByOne, Which
from detectors.typologies import all_rules
from detectors.typologies.base import Typology
from detectors.typologies.node_view import NodeTypology
from tests.support.repository import ROOT

PAGE = ROOT / "docs" / "TYPOLOGIES.md"
KEPT, LIMITS = "### What is kept for them", "### What their limits may be"
NOTHING = "-"


def kept_table(registry: Iterable[Typology | NodeTypology]) -> str:
    """One row a rule of a party: rows by look-back, those folded last, what an alert may show, due dates."""
    return _table(
        ("rule", "rows are kept", "folded last", "an alert may show", "due dates"),
        (
            (
                one.id,
                _list(_look_back(back) for back in one.wants.look_back),
                _list(_one_by_one(each) for each in one.wants.one_by_one),
                _list(_which(which) for which in one.wants.proofs),
                _list(f"`{due.name}`: `{due.after}` after a {due.of}" for due in one.due_dates),
            )
            for one in registry
            if hasattr(one, "wants")
        ),
    )


def limits_table(registry: Iterable[Typology | NodeTypology]) -> str:
    """One row a limit."""
    return _table(
        ("rule", "limit", "unit", "least", "most", "without it"),
        (
            (
                one.id,
                f"`{name}`",
                f"{kind.unit}, whole" if kind.whole else kind.unit,
                kind.least,
                kind.most,
                "the rule is silent" if kind.needed else "the rule does without",
            )
            for one in registry
            for name, kind in one.limits.items()
        ),
    )


def written(page: str, registry: Iterable[Typology | NodeTypology]) -> str:
    """The page with both tables as the registry has them."""
    rules = tuple(registry)
    for title, table in ((KEPT, kept_table(rules)), (LIMITS, limits_table(rules))):
        pattern = rf"({re.escape(title)}\n\n)(\|[^\n]*\n)+"
        page, count = re.subn(pattern, lambda found, table=table: found.group(1) + table, page)
        if count != 1:
            raise ValueError(f"docs/TYPOLOGIES.md: {count} tables below {title!r}; expected: one")
    return page


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    return "".join(f"| {' | '.join(row)} |\n" for row in (head, ("---",) * len(head), *rows))


def _list(parts: Iterator[str]) -> str:
    return ", and ".join(parts) or NOTHING


def _which(which: Which) -> str:
    direction = {"out": "outgoing", "in": "incoming", "both": "all"}[which.direction]
    return f"{direction} without documents" if which.undocumented else direction


def _look_back(back: LookBack) -> str:
    days = [f"{back.days} days"] if back.days else []
    year = ["the calendar year"] if back.calendar_year else []
    return f"{_which(back.payments)}, {' or '.join(days + year)}"


def _one_by_one(one: OneByOne) -> str:
    counted = ", folded ones counted by day" if one.tally is not None else ""
    return f"{_which(one.payments)} in its band, {one.days} days{counted}"


def main() -> None:
    """Write the page."""
    PAGE.write_text(written(PAGE.read_text("utf-8"), all_rules()), "utf-8")


if __name__ == "__main__":
    main()
