"""The cards of docs/cards/models are what the registries of detectors and features say today."""

import re

import pytest

from detectors import features
from detectors.models import REGISTRY
from tests.support.model_cards import (
    CARDS,
    NEEDED,
    features_card,
    make_cards,
    read_figures,
    sections,
    take_figures,
)

MADE = make_cards(read_figures())
TO_DO = "to do: python -m tests.support.model_cards"


@pytest.mark.parametrize("name", sorted(MADE))
def test_a_card_is_as_the_registries_have_it(name: str) -> None:
    """Word for word."""
    assert (CARDS / name).read_text() == MADE[name], TO_DO


def test_every_detector_has_a_card_and_no_card_is_of_none() -> None:
    """And the features have one together."""
    wanted = {f"{name}.md" for name in REGISTRY} | {"README.md", "features.md"}
    assert {path.name for path in CARDS.glob("*.md")} == wanted, TO_DO


@pytest.mark.parametrize("name", sorted(MADE.keys() - {"README.md"}))
def test_a_card_has_what_a_reader_asks_for(name: str) -> None:
    """Purpose, data, limits, cost, and how to reproduce, each with something under it; a detector's has figures too."""
    wanted = ["Purpose", "Data", "Limits", "Cost", "How to reproduce"]
    wanted += [] if name == "features.md" else ["Figures", "Parameters", "Range"]
    for title in wanted:
        (said,) = re.findall(rf"\n## {title}\n\n(.*?)(?=\n## |\Z)", MADE[name], re.DOTALL)
        assert len(said.strip()) > 10, title


def test_the_features_card_names_every_feature_in_both_languages() -> None:
    """One row each: its direction, its subject in English and in Korean, what it measures."""
    rows = [line.split(" | ") for line in features_card().splitlines() if line.startswith("| `")]
    assert [row[0].strip("| `") for row in rows] == list(features.NAMES)
    for row in rows:
        assert row[1] in {"more", "less", "both"}
        assert re.search("[가-힣]", row[3]), f"{row[0]} has no words in detectors/wording/features.py"


def test_a_docstring_is_taken_apart_by_its_marks() -> None:
    """Whatever their order; examples are left out, and what is missing is told."""
    told = sections(
        "odd", "Lead. Purpose: a thing.\n    Range 0-1. Cost: 1 us. Fails on\n    Sundays.\n\n    >>> 1\n    1\n"
    )
    assert told == {"": "Lead.", "Purpose": "A thing.", "Range": "0-1.", "Cost": "1 us.", "Limits": "Fails on Sundays."}
    with pytest.raises(
        ValueError, match=r"the docstring of odd lacks Range, Cost; expected: the words Purpose:, Range"
    ):
        sections("odd", "Lead. Purpose: a thing. Fails on Sundays.")
    assert set(NEEDED) <= set(told)


def test_figures_are_taken_of_each_stream() -> None:
    """One row a stream, with the fused rank and the naive baseline beside; an order that is in none is not measured."""

    def order(name: str, value: float) -> dict:
        told = {"average_precision": {"value": value, "interval": {"low": 0.01, "high": 0.5}, "n": 9}}
        return {"name": name, "by_payment": told, "by_party_day": told}

    def report(value: float) -> dict:
        orders = [order("models", 0.2), order("member tails_by_side", value), order("own_history", 0.125)]
        statistical = {"payments": 4000, "illicit_payments": 40, "orders": orders}
        return {"judgement": {"statistical": statistical}, "result": {"versions": {"detectors": "d1"}}}

    figures = take_figures([report(0.1), report(0.3)])
    pages = make_cards(figures)
    around = "(1.00 to 50.00)"
    row = f"| stream 2 | 40 of 4,000 | 30.00 {around} | 30.00 {around} | 20.00 {around} | 12.50 {around} |"
    assert row in pages["tails_by_side.md"]
    assert "2 streams of the built-in generator; detectors `d1`" in pages["tails_by_side.md"]
    assert "| [tails_by_side](tails_by_side.md) | 1 | 20.00 % |" in pages["README.md"]
    assert "Of the fused rank: 20.00 %. Of the naive baseline `own_history`: 12.50 %." in pages["README.md"]
    assert "This detector was in none of them." in pages["half_space_trees.md"]
    assert "No figures were measured yet." in make_cards({})["robust_z.md"]
