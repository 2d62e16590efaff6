"""A page for each detector and each set of features, docs/cards/models: made of the registries and the testbed.

`python -m tests.support.model_cards` writes them; with reports of judged streams (`.../report/report.json`) it takes
the figures anew first, one row a stream. Whatever is registered gets a page.
"""

import importlib
import json
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from detectors import features
from detectors.features.moment import Definition
from detectors.models import REGISTRY, Member
from detectors.testbed.figures.statistical_part import MEMBER, MODELS
from detectors.wording.features import WORDINGS
from streams.settings import overlay_configuration
from tests.support.repository import ROOT
from tests.support.typology_cards import _table

CARDS = ROOT / "docs" / "cards" / "models"
FIGURES = CARDS / "figures.json"
FEATURES = "features"
NAIVE = "own_history"
# Marks in a detector's docstring, in whatever order, and the section of its page that each begins.
MARKS = {
    "Purpose:": "Purpose",
    "Formula:": "How it scores",
    "Source:": "Source",
    "Unit:": "Unit",
    "Range": "Range",
    "Credits:": "Reasons",
    "Cost:": "Cost",
    "Fails": "Limits",
}
# What a page cannot do without: whoever judges a detector asks for its purpose, limits and cost.
NEEDED = ("Purpose", "Range", "Cost", "Limits")
_MARK = re.compile("|".join(rf"(?<![\w`]){re.escape(mark)}(?=:?\s)" for mark in MARKS))
_DATA = (
    "It sees what the [features](features.md) make of a payment: how far it lies from its party's own past and from "
    "its peers. No name, nationality, sex or age is among them. A feature that is not known is missing, and counts "
    "neither way. Each partition learns for itself. Each payment is scored first and learned from then. History that "
    "is loaded is learned from too. Nothing is trained beforehand.\n"
)


def make_cards(figures: dict[str, Any]) -> dict[str, str]:
    """File name -> page: a page a detector, one of the features, and README.md with the list of them."""
    pages = {f"{name}.md": detector_card(name, kind, figures) for name, kind in REGISTRY.items()}
    return pages | {f"{FEATURES}.md": features_card(), "README.md": _list(figures)}


def detector_card(name: str, kind: type[Member], figures: dict[str, Any]) -> str:
    """One page. Raises `ValueError` for a detector whose docstring lacks what a page needs."""
    told = sections(name, kind.__doc__ or "")
    used = overlay_configuration({}).detectors
    shipped = (
        f"It is in the shipped set, with the weight {used.weight(name):g}. "
        if name in used.members
        else "It is not in the shipped set: a configuration that names it turns it on. "
    )
    parts = [
        f"# {name}\n\n{told.pop('')}\n",
        f"{shipped}Its name stands in the table `[detectors.members]` of the configuration.\n",
        *(f"## {title}\n\n{text}\n" for title, text in told.items() if title != "Limits"),
        f"## Data\n\n{_DATA}",
        f"## Parameters\n\n{_parameters(kind, used.members.get(name, {}))}",
        f"## Limits\n\n{told['Limits']}\n",
        f"## Figures\n\n{_figures(MEMBER + name, figures)}",
        f"## How to reproduce\n\n{_reproduce()}",
    ]
    return "\n".join(part.rstrip() + "\n" for part in parts)


def sections(name: str, text: str) -> dict[str, str]:
    """A detector's docstring by section, the lead under ''; examples are left out."""
    body = " ".join(text.partition(">>>")[0].split())
    places = [*_MARK.finditer(body)]
    told = {"": body[: places[0].start()].strip() if places else body}
    for place, following in zip(places, [*places[1:], None], strict=True):
        mark = place.group()
        end = len(body) if following is None else following.start()
        # "Fails on ..." begins its own sentence, "Cost: ..." names what follows
        said = body[place.start() if mark == "Fails" else place.end() : end].lstrip(": ").rstrip()
        title = MARKS[mark]
        told[title] = f"{told[title]} {said}" if title in told else said[:1].upper() + said[1:]
    missing = [title for title in NEEDED if title not in told]
    if missing:
        raise ValueError(
            f"the docstring of {name} lacks {', '.join(missing)}; expected: the words "
            f"{', '.join(mark for mark, title in MARKS.items() if title in NEEDED)}"
        )
    return told


def _parameters(kind: type[Member], given: Mapping[str, float]) -> str:
    """Name, shipped value, default, least and most."""
    known: Mapping[str, tuple[float, float, float]] = getattr(
        importlib.import_module(kind.__module__), "PARAMETERS", {}
    )
    if not known:
        return "It has none.\n"
    rows = (
        (f"`{name}`", f"{given.get(name, default):g}", f"{default:g}", f"{least:g}", f"{most:g}")
        for name, (default, least, most) in known.items()
    )
    return _table(("parameter", "shipped", "default", "least", "most"), rows)


def _figures(order: str, figures: dict[str, Any]) -> str:
    """The detector's own order of all payments, one row a stream, beside the fused rank and the naive baseline."""
    rows = []
    for stream in figures.get("streams", []):
        orders = stream["orders"]
        if order in orders:
            rows.append(
                (
                    f"stream {stream['number']}",
                    f"{stream['illicit_payments']:,} of {stream['payments']:,}",
                    *(_percent(orders[order][unit]) for unit in ("by_payment", "by_party_day")),
                    *(_percent(orders[other]["by_payment"]) if other in orders else "-" for other in (MODELS, NAIVE)),
                )
            )
    if not rows:
        return f"{_source(figures)} This detector was in none of them.\n" if figures else _source(figures) + "\n"
    head = ("stream", "planted payments", "by payment", "by party-day", "all fused", NAIVE)
    return (
        "Average precision of its own score as an order of all payments, in per cent, with 95 % intervals. Beside it "
        f"stand the fused rank and the naive baseline, by payment. {_source(figures)}\n\n" + _table(head, rows)
    )


def _percent(told: dict[str, Any]) -> str:
    if told["value"] is None:
        return "-"
    around = told["interval"]
    said = f"{100 * told['value']:.2f}"
    return said if around is None else f"{said} ({100 * around['low']:.2f} to {100 * around['high']:.2f})"


def _source(figures: dict[str, Any]) -> str:
    if not figures:
        return "No figures were measured yet."
    return (
        f"Figures are of {len(figures['streams'])} streams of the built-in generator; detectors "
        f"`{figures['detectors']}`. It is our own generator: it says little about another stream."
    )


def _reproduce() -> str:
    return (
        "    fxwatch testbed generate --events 100000 --seed 1 --days 120 --history-days 40 --out stream/\n"
        "    fxwatch testbed replay stream/ --out result/\n"
        "    fxwatch testbed judge result/ --truth stream/ --out judged/\n"
        "    python -m tests.support.model_cards judged/report.json\n\n"
        "Seeds 1 to 3 give the streams above, in this order. `make bench` measures the cost.\n"
    )


def features_card() -> str:
    """The page of the features: every one that is registered."""
    rows = (
        (
            f"`{one.name}`",
            _direction(one),
            *_words(one),
            _own_slots(one),
            f"{one.summary[:1].upper()}{one.summary[1:]}.",
        )
        for one in features.REGISTRY
    )
    lead = (
        f"# The features\n\nThe {len(features.REGISTRY)} features that every detector sees, in the order of the "
        "registry (`detectors/features`). Each says how far a payment lies from what is usual.\n"
    )
    data = (
        "The payment as the ledger has it, the party's packed baselines, and those of its peers (same direction and "
        "party type). Baselines fade by half in 90 days. Nothing outside the ledger is read."
    )
    purpose = (
        "Detectors compare a payment with its party's own past first, and with its peers where that is short. A "
        "feature puts one such comparison into a number."
    )
    limits = "".join(f"* `{one.name}`: {_failure(one)}\n" for one in features.REGISTRY if _failure(one))
    table = _table(("feature", "direction", "subject", "in Korean", "bytes a party", "measures"), rows)
    parts = [
        lead,
        f"## Purpose\n\n{purpose}\n",
        f"## Data\n\n{data}\n",
        f"## The features\n\nDirection says which side counts against a payment.\n\n{table}",
        f"## Limits\n\n{limits}",
        f"## Cost\n\n{_cost()}\n",
        f"## How to reproduce\n\n{_reproduce()}",
    ]
    return "\n".join(part.rstrip() + "\n" for part in parts)


def _direction(one: Definition) -> str:
    """Which side counts; a feature that does not say so counts on both."""
    return str(getattr(one, "direction", "both"))


def _words(one: Definition) -> tuple[str, str]:
    words = WORDINGS.get(one.name)
    return ("-", "-") if words is None else (words.subject_en, words.subject_ko)


def _own_slots(one: Definition) -> str:
    # float32 each
    return str(4 * one.slots)


def _module(one: Definition) -> str:
    return importlib.import_module(one.measure.__module__).__doc__ or ""


def _failure(one: Definition) -> str:
    """What the feature's own module says of where it fails."""
    text = " ".join(_module(one).split())
    found = re.search(r"(?<!\w)Fails .*?\.(?= [A-Z]|$)", text)
    return "" if found is None else found.group()


def _cost() -> str:
    found = re.search(r"Cost: .*?\.(?=\s*$|\s+[A-Z]|\s*\")", " ".join((features.observe.__doc__ or "").split()))
    return (
        "Not said."
        if found is None
        else f"Of all features together, with learning: {found.group().removeprefix('Cost: ')}"
    )


def _list(figures: dict[str, Any]) -> str:
    used = overlay_configuration({}).detectors
    rows = (
        (
            f"[{name}]({name}.md)",
            f"{used.weight(name):g}" if name in used.members else "not shipped",
            _mean(MEMBER + name, figures),
        )
        for name in REGISTRY
    )
    return (
        "# Cards of the models\n\nA page for each detector, and one for the [features](features.md) that they see. "
        "`python -m tests.support.model_cards` writes them from the registries and the testbed's reports. "
        f"{_source(figures)}\n\n"
        + _table(("detector", "weight in the shipped set", "average precision by payment, mean"), rows)
        + f"\nOf the fused rank: {_mean(MODELS, figures)}. Of the naive baseline `{NAIVE}`: {_mean(NAIVE, figures)}. "
        "[TESTBED.md](../../TESTBED" + ".md) says how it is judged.\n"
    )


def _mean(order: str, figures: dict[str, Any]) -> str:
    """The mean of an order's average precision over the streams, in per cent."""
    held = [one["orders"][order]["by_payment"]["value"] for one in figures.get("streams", []) if order in one["orders"]]
    known = [value for value in held if value is not None]
    return f"{100 * sum(known) / len(known):.2f} %" if known else "not measured"


def read_figures() -> dict[str, Any]:
    """The figures that the cards show; empty before any were taken."""
    found: dict[str, Any] = json.loads(FIGURES.read_text()) if FIGURES.exists() else {}
    return found


def take_figures(reports: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Of reports of the testbed, one a stream: each order's average precision by payment and by party-day."""
    streams, versions = [], set()
    for number, report in enumerate(reports, 1):
        told = report["judgement"]["statistical"]
        versions.add(report["result"]["versions"]["detectors"])
        streams.append(
            {
                "number": number,
                "payments": told["payments"],
                "illicit_payments": told["illicit_payments"],
                "orders": {
                    one["name"]: {
                        unit: {key: one[unit]["average_precision"][key] for key in ("value", "interval")}
                        for unit in ("by_payment", "by_party_day")
                    }
                    for one in told["orders"]
                },
            }
        )
    return {"streams": streams, "detectors": ", ".join(sorted(versions))}


def main(reports: list[str]) -> None:
    """Write the pages, with the figures of reports where some are named; pages of what is registered no more go."""
    CARDS.mkdir(parents=True, exist_ok=True)
    if reports:
        figures = take_figures([json.loads(Path(name).read_text()) for name in reports])
        FIGURES.write_text(json.dumps(figures, indent=2, sort_keys=True) + "\n")
    made = make_cards(read_figures())
    for path in CARDS.glob("*.md"):
        if path.name not in made:
            path.unlink()
    for name, text in made.items():
        (CARDS / name).write_text(text)


if __name__ == "__main__":
    main(sys.argv[1:])
