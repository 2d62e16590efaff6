"""A page for each typology, docs/cards: made of the registry, the shipped limits, the golden scenarios and the figures.

`python -m tests.support.typology_cards` writes them; with reports of judged streams (`.../report/report.json`) it
takes the figures anew first, all of them together.
"""

import json
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from detectors.contracts.configuration import Configuration, Limit
from detectors.testbed.judgement import PRODUCT
from detectors.typologies import all_rules
from detectors.typologies.base import Typology
from detectors.typologies.node_view import NodeTypology
from streams.settings import overlay_configuration
from tests.support.repository import ROOT

CARDS = ROOT / "docs" / "cards"
FIGURES = CARDS / "figures.json"
PAGE = ROOT / "docs" / "TYPOLOGIES.md"
GOLDEN = ROOT / "tests" / "golden"
# The link as a card has it. In two parts: from this file's folder it would lead nowhere.
_LAW = "[LAW.md](../LAW" + ".md)"
_PROVENANCE = {"L": "law", "S": "published by a supervisor", "D": "our default, to be tuned"}
# Of a budget of alerts a day: what the issue of 2026-11 asks for.
BUDGET = 20
_NAMED = "named_by_typology_variant"


def make_cards(figures: dict[str, Any]) -> dict[str, str]:
    """File name -> page, and README.md with the list of them."""
    configuration, rules = overlay_configuration({}), all_rules()
    pages = {f"{one.id}.md": make_card(one, configuration, figures) for one in rules}
    rows = (
        (f"[{one.id}]({one.id}.md)", one.name_en, one.name_ko, _share(_of(figures, one.id), "named")) for one in rules
    )
    head = (
        "# Cards of the typologies\n\nA page for each rule, written by `python -m tests.support.typology_cards`. "
        f"{_source(figures)}\n\n"
    )
    return pages | {"README.md": head + _table(("card", "name", "in Korean", "found under its own id"), rows)}


def make_card(one: Typology | NodeTypology, configuration: Configuration, figures: dict[str, Any]) -> str:
    """One page."""
    rules, scenarios = configuration.rules[one.id], scenarios_of(one.id)
    parts = [
        f"# {one.id}: {one.name_en}\n\nIn Korean: {one.name_ko}.\n",
        f"**Law.** {rules.legal_basis}.\n",
        _meaning(one.id),
        "## Limits\n\n"
        + _table(("limit", "value", "from", "whose", "read in the text", "source"), map(_limit_row, rules.limits)),
        _sanctions(one),
        _listed(
            "Where a field is missing", "What nobody says is never taken against the party.", scenarios, "missing_field"
        ),
        _listed("Known look-alikes", "Honest conduct that looks like it.", scenarios, "look_alike"),
        "## What an investigator does next\n\n"
        + "".join(f"{number}. {said.text_en}. ({said.text_ko}.)\n" for number, said in enumerate(one.next_steps, 1)),
        _figures(one.id, figures),
    ]
    return "\n".join(part.rstrip() + "\n" for part in parts)


def _meaning(name: str) -> str:
    """The rule's section of docs/TYPOLOGIES.md but its limits, which stand in a table here."""
    text = PAGE.read_text()
    begin = text.index("\n", text.index(f"\n## {name}: ") + 1)
    section = text[begin : text.index("\n## ", begin)] if "\n## " in text[begin:] else text[begin:]
    kept = [part for part in section.strip().split("\n\n") if not part.startswith("**Limits.**")]
    return "\n\n".join(kept) + "\n"


def _limit_row(limit: Limit) -> tuple[str, ...]:
    read = "" if limit.provenance == "D" else "yes" if limit.verified else "not yet"
    return (
        f"`{limit.name}`",
        f"{limit.value} {limit.unit}",
        f"{limit.effective_from}",
        _PROVENANCE[limit.provenance],
        read,
        limit.source,
    )


def _sanctions(one: Typology | NodeTypology) -> str:
    if not one.sanctions:
        return "## What the law may impose\n\nNothing by itself: it is an indicator, and no article forbids it."
    lines = "".join(
        f"* Act, article {each.article.removeprefix('act_').replace('_', '-')}: if {each.when_en}. ({each.when_ko}.)\n"
        for each in one.sanctions
    )
    return f"## What the law may impose\n\nThe amounts are in {_LAW}, by the law of the date.\n\n{lines}"


def scenarios_of(name: str) -> list[dict[str, Any]]:
    """Those of the rule over a party, and of the rule over what residents share, whichever there is."""
    files = [GOLDEN / "typologies" / f"{name.lower()}.toml", *sorted((GOLDEN / "nodes").glob("*.toml"))]
    read = [tomllib.loads(path.read_text()) for path in files if path.exists()]
    return [scenario for file in read if file["typology"] == name for scenario in file["scenario"]]


def _listed(title: str, lead: str, scenarios: Iterable[dict[str, Any]], kind: str) -> str:
    """Scenarios of a kind by their names: each is held by a test."""
    names = "".join(f"* {each['name']}\n" for each in scenarios if each["kind"] == kind)
    if not names:
        return f"## {title}\n\n{lead} No scenario of this rule is kept yet."
    return f"## {title}\n\n{lead} Each line is a scenario of `tests/golden`.\n\n{names}"


def _of(figures: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = figures.get("typologies", {}).get(name, {})
    return found


def _share(figure: dict[str, Any], name: str) -> str:
    return f"{figure[name]} of {figure['cases']}" if figure else "not measured"


def _figures(name: str, figures: dict[str, Any]) -> str:
    told = _of(figures, name)
    rows = [("all", _share(told, "named"), _share(told, "found"))]
    rows += [(kind, _share(each, "named"), _share(each, "found")) for kind, each in told.get("variants", {}).items()]
    return f"## Figures\n\n{_source(figures)}\n\n" + _table(("cases", "found under its own id", "found"), rows)


def _source(figures: dict[str, Any]) -> str:
    if not figures:
        return "No figures were measured yet."
    return (
        f"Figures are of {figures['streams']} streams of the built-in generator with {figures['transactions']:,} "
        f"payments, judged over {figures['days']} days together, at {BUDGET} alerts a day; rules "
        f"`{figures['rules']}`. It is our own generator: it says little about another stream. So few cases give a "
        "hint and no more."
    )


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def read_figures() -> dict[str, Any]:
    """The figures that the cards show; empty before any were taken."""
    found: dict[str, Any] = json.loads(FIGURES.read_text()) if FIGURES.exists() else {}
    return found


def take_figures(reports: list[dict[str, Any]]) -> dict[str, Any]:
    """Of reports of the testbed, one a stream: cases found, and under their own id, by typology and variant."""
    streams = [one["judgement"]["stream"] for one in reports]
    told: dict[str, Any] = {}
    for report in reports:
        own = next(each for each in report["judgement"]["systems"] if each["name"] == PRODUCT)
        recall = next(each["recall"] for each in own["budgets"] if each["budget"] == BUDGET)
        for key, found in recall["by_typology_variant"].items():
            name, _, variant = key.partition("/")
            hits = {"cases": found["n"], "found": _hits(found), "named": _hits(recall[_NAMED][key])}
            sums = told.setdefault(name, {"cases": 0, "found": 0, "named": 0, "variants": {}})
            for each in (sums, sums["variants"].setdefault(variant, {"cases": 0, "found": 0, "named": 0})):
                each.update({word: each[word] + count for word, count in hits.items()})
    return {
        "streams": len(reports),
        "transactions": sum(one["transactions"] for one in streams),
        "days": sum(one["days"] for one in streams),
        "rules": ", ".join(sorted({one["result"]["versions"]["rules"] for one in reports})),
        "typologies": told,
    }


def _hits(share: dict[str, Any]) -> int:
    return round((share["value"] or 0.0) * share["n"])


def main(reports: list[str]) -> None:
    """Write the pages, with the figures of reports where some are named."""
    CARDS.mkdir(exist_ok=True)
    if reports:
        figures = take_figures([json.loads(Path(name).read_text()) for name in reports])
        FIGURES.write_text(json.dumps(figures, indent=2, sort_keys=True) + "\n")
    for name, text in make_cards(read_figures()).items():
        (CARDS / name).write_text(text)


if __name__ == "__main__":
    main(sys.argv[1:])
