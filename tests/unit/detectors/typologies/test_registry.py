"""The registry is the one place that knows the rules: the rest asks it, and imports none of them."""

import ast
import re
from pathlib import Path

from detectors import typologies
from detectors.books.wanted import Wanted, Which
from detectors.contracts.limits import LAW
from tests.support.repository import ROOT

RULE = re.compile(r"detectors\.typologies\.t\d\d_\w+")
RULE_ID = re.compile(r"T\d\d")
MODULES = sorted([*(ROOT / "detectors").rglob("*.py"), *(ROOT / "streams").rglob("*.py")])
# The generator plants cases of all eighteen typologies by their numbers, each a file of its own there.
GENERATOR = ROOT / "streams" / "generator"
# The configuration's contract has two numbers of the law in the tables of rules; more readers than these need them.
LAW_FILE = ROOT / "detectors" / "contracts" / "limits.py"
# T08 sums what is past the dates of T06 and T07. The dates stand with the rule whose limits they come from.
REGISTRY_FILE, GAP_FILE = "detectors/typologies/__init__.py", "detectors/typologies/t08_gap.py"
SCREENS_FILE = "detectors/typologies/screens.py"
DATES = ["detectors.typologies.t06_due", "detectors.typologies.t07_due"]


def imported(path: Path) -> list[str]:
    """Every module that a file imports, and every name that it imports of one."""
    found = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found += [each.name for each in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found += [node.module, *(f"{node.module}.{each.name}" for each in node.names)]
    return found


def texts(path: Path) -> list[str]:
    """Every string in a file."""
    return [
        node.value
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]


def test_nothing_but_the_registry_and_a_rules_own_files_imports_a_rule():
    """The core keeps what rules declare, and knows none of them; screens and dates are lent."""
    found = {}
    for path in MODULES:
        rules = sorted({match.group() for match in map(RULE.match, imported(path)) if match})
        rules = [name for name in rules if not path.name.startswith(name.rpartition(".")[2][:4])]
        if rules:
            found[str(path.relative_to(ROOT))] = rules
    assert sorted(found) == [REGISTRY_FILE, SCREENS_FILE, GAP_FILE]
    assert found[GAP_FILE] == DATES
    assert found[SCREENS_FILE] == ["detectors.typologies.t05_screens", "detectors.typologies.t08_screens"]
    assert {name.rpartition(".")[2][:3].upper() for name in found[REGISTRY_FILE]} == {
        rule.id for rule in typologies.all_rules()
    }


def test_no_rule_is_named_outside_its_own_files():
    """As a string of its own, as in `limit("T01", ...)`; sentences may name one."""
    named = {
        str(path.relative_to(ROOT)): found
        for path in MODULES
        if GENERATOR not in path.parents and not re.match(r"t\d\d_", path.name)
        if (found := [text for text in texts(path) if RULE_ID.fullmatch(text)])
    }
    assert named == {str(LAW_FILE.relative_to(ROOT)): list(LAW.values())}


def test_each_number_of_the_law_is_a_limit_of_the_rule_whose_table_has_it():
    """Else the configuration would have none of that name."""
    kinds = {typology.id: typology.limits for typology in typologies.registered()}
    assert [name for name, typology in LAW.items() if name not in kinds[typology]] == []


def test_the_core_keeps_the_union_of_what_is_registered(monkeypatch):
    """Of the registry as it is when it is asked."""
    first, *_ = typologies.registered()
    assert typologies.registered() is typologies.REGISTRY
    every = typologies.wanted()
    assert [one.tally for one in every.one_by_one] == [""]
    assert every.proofs == (Which(undocumented=True), Which("in"))
    (back,) = every.look_back
    assert (back.payments, back.days, back.calendar_year) == (Which(undocumented=True), 90, True)
    assert every.totals
    monkeypatch.setattr(typologies, "REGISTRY", (first,))
    assert typologies.wanted() == first.wants
    monkeypatch.setattr(typologies, "REGISTRY", ())
    assert typologies.wanted() == Wanted()
