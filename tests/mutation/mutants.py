"""The mutants of a module: mutmut's operators applied one at a time, each compiled as the one function it changes.

mutmut's own runner starts a pytest session for each mutant: 20 s a mutant with these tests, three days for all of them.
So only its operators are used; `python -m tests.mutation` puts the code of a mutant into the living function instead.

What mutmut leaves out is left out here: functions with a decorator (but `staticmethod` and `classmethod`), values of
modules and classes, annotations, docstrings, arguments of `len` and `isinstance`. Default values of parameters are no
part of a function's code, and sentences are compared elsewhere, so both are left out too.
"""

import ast
import re
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import CodeType
from typing import Any

import libcst
import msgspec

ROOT = Path(__file__).parents[2]
# A string with a space in it is a sentence. Golden files and the tests of wording compare sentences as wholes, and a
# change of case in one says nothing about the product.
SENTENCE = re.compile(r"\s")


class Mutant(msgspec.Struct, frozen=True, kw_only=True):
    """One change of one function. `removed` and `added` are the lines of the function that differ, without indents."""

    file: str
    function: str
    line: int
    removed: str
    added: str
    source: str

    @property
    def label(self) -> str:
        """Three lines for people."""
        return f"{self.file}:{self.line} {self.function}\n    - {self.removed}\n    + {self.added}"


def mutants_of(file: str) -> list[Mutant]:
    """All mutants of one file of the repository, in the order of its lines. Raises OSError when it cannot be read."""
    from mutmut.mutation.file_mutation import create_mutations

    text = (ROOT / file).read_text("utf-8")
    module, mutations, _, _ = create_mutations(file, text)
    places = _places(module)
    found: dict[tuple[str, int, str], Mutant] = {}
    for mutation in mutations:
        function = mutation.contained_by_top_level_function
        if not isinstance(function, libcst.FunctionDef) or _is_sentence(mutation.original_node):
            continue
        if _stands_in(function.params, mutation.original_node) or _repeats(mutation):
            continue
        owner, line = places[id(function)]
        changed = function.deep_replace(mutation.original_node, mutation.mutated_node)
        mutant = _mutant(file, owner, line, module.code_for_node(function), module.code_for_node(changed))  # type: ignore[arg-type]
        if mutant is not None:
            found.setdefault((mutant.function, mutant.line, mutant.source), mutant)
    return sorted(found.values(), key=lambda mutant: mutant.line)


def compiled(mutant: Mutant) -> CodeType | None:
    """The mutant's function as code, None when it does not compile (a `break` outside of a loop).

    A method is compiled inside a class of its name, so that `__private` names and `super()` mean what they meant.
    """
    owner, _, name = mutant.function.rpartition(".")
    text = mutant.source
    if owner:
        text = f"class {owner}:\n" + "\n".join("    " + line for line in text.splitlines())
    try:
        code = compile(text, str(ROOT / mutant.file), "exec", dont_inherit=True)
    except SyntaxError:
        return None
    return next(inner for inner in _nested(code) if inner.co_name == name)


def _mutant(file: str, owner: str, line: int, before: str, after: str) -> Mutant | None:
    """The change as a value; None when the text is the same but for its spelling."""
    source = textwrap.dedent(after).strip("\n") + "\n"
    old, new = before.strip("\n").splitlines(), after.strip("\n").splitlines()
    start = next((at for at, (one, other) in enumerate(zip(old, new, strict=False)) if one != other), None)
    if start is None:
        return None
    end = 0
    while old[-1 - end] == new[-1 - end] and len(old) - end > start + 1 and len(new) - end > start + 1:
        end += 1
    try:
        if ast.dump(ast.parse(source)) == ast.dump(ast.parse(textwrap.dedent(before))):
            return None
    except SyntaxError:
        return None
    return Mutant(
        file=file,
        function=owner,
        line=line + start,
        source=source,
        removed=_joined(old[start : len(old) - end]),
        added=_joined(new[start : len(new) - end]),
    )


def _joined(lines: Sequence[str]) -> str:
    return " ".join(line.strip() for line in lines)


def _places(module: libcst.Module) -> dict[int, tuple[str, int]]:
    """Name with its class, and line, of each function a mutant may stand in, by the node's identity."""
    positions: Any = libcst.metadata.MetadataWrapper(module, unsafe_skip_copy=True).resolve(
        libcst.metadata.PositionProvider
    )
    places: dict[int, tuple[str, int]] = {}
    for owner, function in _functions(module):
        name = f"{owner}.{function.name.value}" if owner else function.name.value
        places[id(function)] = (name, positions[function].start.line)
    return places


def _functions(module: libcst.Module) -> Iterator[tuple[str, libcst.FunctionDef]]:
    for statement in module.body:
        if isinstance(statement, libcst.FunctionDef):
            yield "", statement
        elif isinstance(statement, libcst.ClassDef):
            yield from (
                (statement.name.value, inner) for inner in statement.body.body if isinstance(inner, libcst.FunctionDef)
            )


def _is_sentence(node: libcst.CSTNode) -> bool:
    return isinstance(node, libcst.SimpleString) and SENTENCE.search(node.value) is not None


def _repeats(mutation: Any) -> bool:
    """Whether another mutant asks the same: an argument left out beside the same one as None; letters' case."""
    node, changed = mutation.original_node, mutation.mutated_node
    if isinstance(node, libcst.Call) and isinstance(changed, libcst.Call):
        return len(changed.args) < len(node.args)
    return isinstance(changed, libcst.SimpleString) and "XX" not in changed.value


def _stands_in(parent: libcst.CSTNode, node: libcst.CSTNode) -> bool:
    return parent is node or any(_stands_in(child, node) for child in parent.children)


def _nested(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _nested(constant)
