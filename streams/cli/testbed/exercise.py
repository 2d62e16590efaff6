"""`fxwatch testbed exercise`: a trainee judges labelled cases blind, and sees the truth and the reasons afterwards."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from streams.errors import FxwatchError, UsageError
from streams.installation.extras import needs
from streams.plain_text import tables
from streams.plain_text.printable import make_printable, say, say_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from detectors.testbed.exercise import Answer, Score
    from streams.testbed.blind_page import BlindPage
    from streams.testbed.exercise import Exercise, Revealed

QUESTIONS, OUTCOME, REVEAL = "questions.md", "exercise.json", "reveal.md"


@click.command(short_help="Judge labelled cases blind, then see truth and reasons.")
@click.argument("result", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--truth",
    "truth_place",
    required=True,
    type=click.Path(exists=True, path_type=Path),
    help="The stream's truth: a file, or a directory with truth.jsonl.",
)
@click.option(
    "--cases", "count", type=click.IntRange(1, 200), default=10, show_default=True, help="How many parties are judged."
)
@click.option("--seed", default=1, show_default=True, help="Which parties are drawn; equal seeds draw equal ones.")
@click.option(
    "--answers",
    "answers_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help='Calls, a line a case: {"case": 1, "illicit": true, "typology": "T01", "sure": 80}.',
)
@click.option("--questions-only", is_flag=True, help="Show the blind pages and ask nothing.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help=f"Write {QUESTIONS} before, {OUTCOME} and {REVEAL} after the answers.",
)
@click.option("--json", "as_json", is_flag=True, help="The outcome as one JSON object on standard output.")
@needs("testbed")
def command(
    result: Path,
    truth_place: Path,
    count: int,
    seed: int,
    answers_file: Path | None,
    questions_only: bool,
    out: Path | None,
    as_json: bool,
) -> None:
    """Judge parties of RESULT (a replay's directory) blind: half of them planted, the others honest.

    Each party's profile, payments and declarations are shown without scores, alerts and truth. For each you say whether
    it is illicit, as which typology, and how sure you are (50 = no idea, 100 = certain). The score counts hits, false
    alarms, typologies named, and the Brier score of your probabilities (0 is perfect, always answering 50 gets 0.25).
    Only then come the truth and the system's reasons, case by case.

    Example: fxwatch testbed exercise result/ --truth stream/ --cases 10 --seed 3

    Example: fxwatch testbed exercise result/ --truth stream/ --answers calls.jsonl --json
    """
    from streams.keys.pseudonyms import testbed_keys
    from streams.testbed import exercise
    from streams.testbed.result_files import read_result
    from streams.testbed.truth_files import read_truth

    if answers_file is None and not questions_only and not sys.stdin.isatty():
        raise UsageError(
            "there is nobody to ask: standard input is no terminal",
            expected="--answers FILE",
            todo="see the questions with --questions-only, then give your calls in a file",
        )
    told, truth = read_result(result), read_truth(truth_place)
    drawn = exercise.draw_questions(told, truth, testbed_keys(), count, seed)
    prepared, known = exercise.prepare(told, drawn, seed), exercise.typologies(truth)
    if len(drawn) < count:
        say(f"only {len(drawn):,} parties could be drawn, {count:,} were asked for", err=True)
    _write(out, QUESTIONS, _questions_page(prepared, known))
    if questions_only:
        _show_questions(prepared, as_json=as_json)
        return
    answers = _asked(prepared, known) if answers_file is None else exercise.read_answers(answers_file)
    score = exercise.score_answers(drawn, answers, known, answers_file or "terminal")
    revealed = exercise.reveal(told, truth, drawn, answers)
    outcome = _outcome(score, revealed, {"cases": count, "seed": seed, "files": told.manifest.files})
    _write(out, OUTCOME, json.dumps(outcome, ensure_ascii=False, indent=2) + "\n")
    _write(out, REVEAL, _reveal_page(revealed))
    if as_json:
        say_json(json.dumps(outcome, ensure_ascii=False))
    else:
        _show_outcome(score, revealed)


def _write(out: Path | None, name: str, content: str) -> None:
    """Write a file of the exercise where a directory was named. Raises `FxwatchError`."""
    if out is None:
        return
    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / name).write_text(content, "utf-8")
    except OSError as fault:
        raise FxwatchError(
            f"cannot write: {fault.strerror}", got=fault.filename, todo="choose a writable place"
        ) from fault


def _questions_page(prepared: "Exercise", known: "Sequence[str]") -> str:
    from streams.testbed.blind_page import markdown

    head = f"# Exercise\n\nHalf of the parties are planted cases. Typologies: {', '.join(known)}.\n\n"
    return head + "\n".join(markdown(page) for page in prepared.pages)


def _show_questions(prepared: "Exercise", *, as_json: bool) -> None:
    import msgspec

    for page in prepared.pages:
        if as_json:
            say_json(msgspec.json.encode(page))
        else:
            _show_page(page, err=False)


def _show_page(page: "BlindPage", *, err: bool) -> None:
    """Drawn in a terminal, Markdown in a pipe."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from streams.testbed.blind_page import markdown

    console = tables.make_console(stderr=err)
    if not console.is_terminal:
        say(markdown(page), err=err)
        return
    console.rule(page.title)
    for fact in page.facts:
        console.print(fact, markup=False, highlight=False)
    for each in page.tables:
        drawn = Table(title=each.title, box=box.SIMPLE_HEAD, pad_edge=False, title_justify="left")
        for column in each.columns:
            drawn.add_column(column, overflow="fold")
        for row in each.rows:
            drawn.add_row(*(Text(make_printable(cell)) for cell in row))
        console.print(drawn)


def _asked(prepared: "Exercise", known: "Sequence[str]") -> "list[Answer]":
    """Ask at the terminal, case by case; what is asked goes to stderr, so that --json stays clean."""
    from detectors.testbed.exercise import Answer

    answers = []
    for number, page in enumerate(prepared.pages, 1):
        _show_page(page, err=True)
        illicit = click.confirm("illicit?", err=True)
        typology = None
        if illicit:
            choice = click.Choice([*known, "-"], case_sensitive=False)
            named = click.prompt("which typology? (- = cannot tell)", type=choice, default="-", err=True)
            typology = None if named == "-" else named
        sure = click.prompt("how sure, 0-100?", type=click.FloatRange(0, 100), default=50.0, err=True)
        answers.append(Answer(case=number, illicit=illicit, typology=typology, sure=sure))
    return answers


def _outcome(score: "Score", revealed: "Sequence[Revealed]", arguments: dict[str, Any]) -> dict[str, Any]:
    import msgspec

    found: dict[str, Any] = {
        "arguments": arguments,
        "score": msgspec.to_builtins(score),
        "cases": msgspec.to_builtins(list(revealed)),
    }
    return found


def _reveal_page(revealed: "Sequence[Revealed]") -> str:
    parts = (
        f"## Case {one.case}: {'right' if one.right else 'wrong'}\n\nYou said: {_call(one)}.\n\n"
        f"Truth: {one.truth}.\n\n```\n{one.system.rstrip()}\n```\n"
        for one in revealed
    )
    return "\n".join(("# Truth and reasons\n", *parts))


def _call(one: "Revealed") -> str:
    answer = one.answer
    named = f", {answer.typology}" if answer.typology else ""
    return f"{'illicit' + named if answer.illicit else 'honest'}, {answer.sure:g} % sure"


def _show_outcome(score: "Score", revealed: "Sequence[Revealed]") -> None:
    planted, honest = score.hits + score.misses, score.false_alarms + score.cleared
    say(f"planted cases called illicit: {score.hits} of {planted}, of these with the right typology {score.named}")
    say(
        f"honest parties called illicit: {score.false_alarms} of {honest} "
        f"({score.lookalike_alarms} of {score.lookalikes} look-alikes)"
    )
    say(f"Brier score of your probabilities: {score.brier:.3f} (0 is perfect, always answering 50 gets 0.250)")
    if score.typologies:
        rows = [[one.typology, str(one.asked), str(one.hits), str(one.named)] for one in score.typologies]
        tables.show(["typology", "asked", "called illicit", "named"], rows, ["asked", "called illicit", "named"])
    for one in revealed:
        say(f"\nCase {one.case}: {'right' if one.right else 'WRONG'}. You said: {_call(one)}. Truth: {one.truth}.")
        say(one.system.rstrip())
