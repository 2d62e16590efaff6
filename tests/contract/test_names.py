"""Names of both packages: what a module says first, what a class is called, how long things are, where they stand."""

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = {
    str(path.relative_to(ROOT)): path.read_text("utf-8")
    for package in ("streams", "detectors")
    for path in sorted((ROOT / package).rglob("*.py"))
}
TREES = {name: ast.parse(text) for name, text in MODULES.items()}

MOST_LINES = 400
MOST_FUNCTION_LINES = 60
# Longer ones, each with why. Take a line away when its module or function is short; add none without need.
LONG_MODULES: dict[str, str] = {}
LONG_FUNCTIONS = {
    "detectors/typologies/t01_split_remittance.py _finding": "one finding, field by field",
    "streams/ingest/agent.py __init__": "one line a part of the agent",
    "streams/kafka/topics/table.py table": "the topic table itself: a row a topic",
}
# Files where a table of numbers, signs or words stands in columns: how many places, all told.
TABLES = {
    "streams/alert_text/labels.py": 1,
    "streams/desk_text/case_words.py": 1,
    "streams/desk_text/kpi_words.py": 1,
    "streams/desk_text/desk_words.py": 1,
    "streams/desk_text/screen_words.py": 1,
    "streams/desk_text/trade_words.py": 1,
    "streams/desk_text/proof_words.py": 1,
    "streams/operations/outlook_words.py": 1,
    "streams/operations/startup_page.py": 1,
    "streams/kafka/topics/table.py": 1,
    "streams/plain_text/printable.py": 1,
}
# What stands in no room: how a package is entered, and what every room uses.
AT_THE_TOP = {
    "streams": {
        "__init__",
        "__main__",
        "errors",
        "learning_agents",
        "rule_packs",
        "schemas",
        "settings",
        "version",
        "worker",
    },
    "detectors": {
        "__init__",
        "configuration_approval",
        "configuration_faults",
        "configuration_trial",
        "core",
        "declared_line",
        "payment_score",
        "payment_step",
        "succession",
        "transaction",
    },
}


def first_sentence(tree: ast.Module) -> str:
    """The first sentence of a module's docstring, or its first line where that has no full stop."""
    line = (ast.get_docstring(tree) or "").split("\n")[0].strip()
    return line.split(". ")[0].rstrip(".")


def repeated(values: list[str]) -> list[str]:
    """What stands there more than once."""
    return sorted(value for value, count in Counter(values).items() if count > 1)


def long_functions(tree: ast.Module, most: int) -> list[str]:
    """Functions of more lines than that."""
    return [
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (node.end_lineno or 0) - node.lineno + 1 > most
    ]


def test_every_module_opens_with_a_sentence_of_its_own() -> None:
    said = [first_sentence(tree) for tree in TREES.values()]
    assert [name for name, tree in TREES.items() if len(first_sentence(tree).split()) < 3] == []
    assert repeated(said) == []


@pytest.mark.parametrize("package", ["streams", "detectors"])
def test_a_class_name_stands_for_one_thing_in_a_package(package: str) -> None:
    """Of the classes of a module, nested ones left out."""
    classes = [
        node.name
        for name, tree in TREES.items()
        if name.startswith(f"{package}/")
        for node in tree.body
        if isinstance(node, ast.ClassDef)
    ]
    assert repeated(classes) == []


# Habits of the invented people, each named by whom it plays.
PLAYED = {"streams/generator/habits/persons.py salaried"}


def acting_participles(tree: ast.Module) -> list[str]:
    """Public functions that answer with nothing, or wait, and are named as if they were done: `ended`, `merged`."""
    return [
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and not node.decorator_list
        and (isinstance(node, ast.AsyncFunctionDef) or ast.unparse(node.returns or ast.Name("Any")) == "None")
        and re.fullmatch(r"[a-z]+[^e]ed", node.name.split("_")[0])
    ]


def test_what_acts_is_named_by_a_verb() -> None:
    """A caller reads `cancel_and_wait(task)`; `ended(task)` would be read as a question."""
    assert {f"{name} {one}" for name, tree in TREES.items() for one in acting_participles(tree)} == PLAYED


def test_modules_are_short() -> None:
    """And an exception that is short by now is none."""
    assert {name for name, text in MODULES.items() if text.count("\n") > MOST_LINES} == set(LONG_MODULES)


def test_functions_are_short() -> None:
    """And an exception that is short by now is none."""
    found = {f"{name} {one}" for name, tree in TREES.items() for one in long_functions(tree, MOST_FUNCTION_LINES)}
    assert found == set(LONG_FUNCTIONS)


def test_only_tables_are_left_out_of_formatting() -> None:
    found = {name: text.count("fmt: skip") + text.count("fmt: off") for name, text in MODULES.items()}
    assert {name: count for name, count in found.items() if count} == TABLES


@pytest.mark.parametrize("package", ["streams", "detectors"])
def test_every_module_stands_in_a_room(package: str) -> None:
    assert {path.stem for path in (ROOT / package).glob("*.py")} == AT_THE_TOP[package]


def test_what_is_wrong_is_found() -> None:
    """The checks themselves: a sentence, a name, a function."""
    assert first_sentence(ast.parse('"""One thing. Another."""')) == "One thing"
    assert repeated(["A", "B", "A"]) == ["A"]
    assert acting_participles(
        ast.parse("async def ended(t): ...\ndef merged(a) -> None: ...\ndef feed() -> None: ...")
    ) == [
        "ended",
        "merged",
    ]
    assert long_functions(ast.parse("def f():\n    a = 1\n    return a\n"), 2) == ["f"]
