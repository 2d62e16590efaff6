"""Training on a replay's result: questions drawn from its truth, blind pages, a trainee's answers, and the reveal."""

import random
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
from numpy.typing import NDArray

from detectors.contracts.events import Declaration, Profile, Transaction
from detectors.testbed import exercise as training
from detectors.testbed.exercise import Answer, Question, Score
from detectors.testbed.ground import require_same_stream
from detectors.testbed.sheet import Sheet
from detectors.testbed.truth import Case, Lookalike, Truth
from detectors.typologies import all_rules
from streams.alert_text import alert_text
from streams.errors import UsageError
from streams.keys.pseudonyms import Keys
from streams.ledger import envelope
from streams.testbed import blind_page
from streams.testbed.blind_page import BlindPage, Dealings, ShownParty, ShownPayment
from streams.testbed.result_files import ALERTS, LEDGER, Result, partition_file, prove

# An honest party with fewer payments shows nothing that could be judged.
_LEAST_PAYMENTS = 5
# Payments on a page: what a person reads in a few minutes.
SHOWN = 60


class Revealed(msgspec.Struct, frozen=True, kw_only=True):
    """What is told of a question afterwards: the call, the truth, and the system's reasons in words.

    `right`: illicit or not, and for a hit the typology too. `alerted`: the system alerted on one of the question's
    parties at some time.
    """

    case: int
    kind: str
    name: str
    typology: str | None
    answer: Answer
    right: bool
    alerted: bool
    truth: str
    system: str


class Exercise(NamedTuple):
    """Questions with their pages, in order."""

    questions: list[Question]
    pages: list[BlindPage]


def draw_questions(result: Result, truth: Truth, keys: Keys, count: int, seed: int) -> list[Question]:
    """A balanced draw from the planted cases, look-alikes and honest parties that have payments in the result.

    Raises `UsageError` when none of the truth's events or parties is in the result: then they do not belong together.
    """
    sheet = result.sheet
    try:
        require_same_stream(sheet, truth)
    except ValueError as fault:
        raise UsageError(
            "the truth is not of this result", got=str(fault), expected="the truth of the stream that was replayed"
        ) from fault
    numbers = np.bincount(sheet.party.codes, minlength=len(sheet.party.names))
    present = {name: int(number) for name, number in zip(sheet.party.names, numbers, strict=True)}
    cases = [_planted(case, keys) for case in truth.cases]
    close = [_close(one, keys) for one in truth.lookalikes]
    told = {token for question in (*cases, *close) for token in question.parties}
    told |= {keys.party(raw).token for regime in truth.regimes for raw in regime.party_ids}
    if not told & present.keys():
        raise UsageError(
            "the truth is not of this result: none of its parties is there",
            got=result.directory,
            expected="the truth of the stream that was replayed",
        )
    honest = [
        Question(kind="honest", name="", group="", typology=None, parties=(name,))
        for name, number in present.items()
        if name not in told and number >= _LEAST_PAYMENTS
    ]
    mine = [[one for one in kind if one.parties[0] in present] for kind in (cases, close)]
    return training.draw(mine[0], mine[1], honest, count, seed)


def _planted(case: Case, keys: Keys) -> Question:
    parties = tuple(keys.party(raw).token for raw in (case.party_id, *case.parties))
    return Question(
        kind="case",
        name=case.case_id,
        group=case.typology,
        typology=case.typology,
        parties=tuple(dict.fromkeys(parties)),
        event_ids=case.event_ids,
    )


def _close(one: Lookalike, keys: Keys) -> Question:
    return Question(
        kind="lookalike",
        name=one.lookalike,
        group=one.lookalike,
        typology=None,
        parties=(keys.party(one.party_id).token,),
        event_ids=one.event_ids,
    )


def prepare(result: Result, drawn: Sequence[Question], seed: int) -> Exercise:
    """The blind pages of the questions. Reads the ledger rows of their parties only. Raises `ResultError`."""
    tokens = [question.parties[0] for question in drawn]
    found = _ledger_events(result, set(tokens))
    zone, legend = ZoneInfo(result.configuration.engine.time_zone), result.configuration.legend
    place = random.Random(seed)  # noqa: S311 - which payments of a long history are shown; no secret
    pages = []
    for number, question in enumerate(drawn, 1):
        rows = np.flatnonzero(result.sheet.party.codes == result.sheet.party.code(question.parties[0]))
        party = _party(result.sheet, found.get(question.parties[0], {}), rows, question, place)
        pages.append(blind_page.page(number, len(drawn), party, legend, zone))
    return Exercise(list(drawn), pages)


def _party(
    sheet: Sheet, events: dict[tuple[int, int], Any], rows: NDArray[Any], question: Question, place: random.Random
) -> ShownParty:
    rows = rows[np.argsort(sheet.time_us[rows], kind="stable")]
    first = _window(sheet, rows, question, place)
    shown = rows[first : first + SHOWN]
    last_us = int(sheet.time_us[shown[-1]])
    payments = [
        ShownPayment(
            events[int(sheet.partition[row]), int(sheet.offset[row])],
            int(sheet.usd_cents[row]) if sheet.usd_known[row] else None,
            None if np.isnan(sheet.deal_deviation_bp[row]) else float(sheet.deal_deviation_bp[row]),
        )
        for row in shown
    ]
    until = payments[-1].event.event_time
    profiles = [one for one in events.values() if isinstance(one, Profile) and one.as_of <= until]
    declarations = [one for one in events.values() if isinstance(one, Declaration) and one.declared_time <= until]
    return ShownParty(
        payments,
        (first, len(rows) - first - len(shown)),
        sorted(declarations, key=lambda one: one.declared_time),
        max(profiles, key=lambda one: one.as_of, default=None),
        {
            sheet.counterparty.names[code]: _dealings(sheet, code, question.parties[0], last_us)
            for code in np.unique(sheet.counterparty.codes[shown]).tolist()
        },
    )


def _window(sheet: Sheet, rows: NDArray[Any], question: Question, place: random.Random) -> int:
    """The first payment shown of a long history: chosen by chance, but such that the events in question are shown.

    Where they do not fit they are shown from the first on.
    """
    most = len(rows) - SHOWN
    if most <= 0:
        return 0
    wanted = set(question.event_ids)
    places = [at for at, row in enumerate(rows) if sheet.event_id[row] in wanted]
    if not places:
        return place.randint(0, most)
    low, high = max(0, places[-1] - SHOWN + 1), min(places[0], most)
    return place.randint(low, high) if low <= high else high


def _dealings(sheet: Sheet, counterparty: int, party: str, last_us: int) -> Dealings:
    """Who else dealt with a counterparty up to the last payment shown."""
    own = sheet.party.code(party)
    rows = (sheet.counterparty.codes == counterparty) & (sheet.party.codes != own) & (sheet.time_us <= last_us)
    return Dealings(len(np.unique(sheet.party.codes[rows])), int(sheet.usd_cents[rows].sum()))


def _ledger_events(result: Result, tokens: set[str]) -> dict[str, dict[tuple[int, int], Any]]:
    """By party, its transactions, declarations and profiles, by (partition, offset)."""
    import pyarrow.parquet as pq

    found: dict[str, dict[tuple[int, int], Any]] = {}
    keys = [token.encode() for token in sorted(tokens)]
    sheet = result.sheet
    held = sorted({int(number) for number in np.unique(sheet.partition[sheet.party.is_any(tokens)])})
    paths = {number: partition_file(result.directory, LEDGER, number) for number in held}
    prove(result.directory, result.manifest, [f"{LEDGER}/{path.name}" for path in paths.values()])
    for number, path in paths.items():
        for row in pq.read_table(path, filters=[("key", "in", keys)]).to_pylist():
            headers = [(one["name"], one["value"]) for one in row["headers"]]
            event, _ = envelope.decode_record(row["value"], headers, row["offset"], row["timestamp_ms"], number)
            if isinstance(event, (Transaction, Declaration, Profile)):
                found.setdefault(event.party, {})[number, row["offset"]] = event
    return found


def read_answers(path: Path) -> list[Answer]:
    """Answers from a file of JSON lines such as {"case": 1, "illicit": true, "typology": "T01", "sure": 80}.

    Raises `UsageError` with every line that is none.
    """
    try:
        lines = path.read_bytes().splitlines()
    except OSError as fault:
        raise UsageError(f"cannot read the answers: {fault.strerror}", got=path) from fault
    answers, problems = [], []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            answers.append(msgspec.json.decode(line, type=Answer))
        except (msgspec.DecodeError, UnicodeDecodeError) as fault:
            problems.append(f"line {number}: {fault}")
    if problems:
        raise _unusable(problems, path)
    return answers


def typologies(truth: Truth) -> tuple[str, ...]:
    """What a trainee may call: the rules of this version and every typology planted."""
    return tuple(sorted({rule.id for rule in all_rules()} | {case.typology for case in truth.cases}))


def score_answers(drawn: Sequence[Question], answers: Sequence[Answer], known: Sequence[str], place: object) -> Score:
    """The score. Raises `UsageError` with every fault of the answers."""
    problems = training.faults(drawn, answers, known)
    if problems:
        raise _unusable(problems, place)
    return training.score(drawn, answers)


def _unusable(problems: Iterable[str], place: object) -> UsageError:
    told = "\n".join(f"  - {problem}" for problem in problems)
    example = '{"case": 1, "illicit": true, "typology": "T01", "sure": 80}'
    return UsageError(
        f"the answers cannot be scored:\n{told}\n", got=place, expected=f"a line a case, such as {example}"
    )


def reveal(result: Result, truth: Truth, drawn: Sequence[Question], answers: Sequence[Answer]) -> list[Revealed]:
    """The truth and the system's reasons, question by question."""
    called = {answer.case: answer for answer in answers}
    alerts = _alerts(result, {token for question in drawn for token in question.parties})
    cases = {case.case_id: case for case in truth.cases}
    revealed = []
    for number, question in enumerate(drawn, 1):
        answer = called[number]
        illicit = question.kind == "case"
        mine = [alert for token in question.parties for alert in alerts.get(token, [])]
        named = not illicit or not answer.illicit or answer.typology == question.typology
        revealed.append(
            Revealed(
                case=number,
                kind=question.kind,
                name=question.name,
                typology=question.typology,
                answer=answer,
                right=answer.illicit == illicit and named,
                alerted=bool(mine),
                truth=_truth_told(question, cases.get(question.name)),
                system=_system_told(result.sheet, question, mine),
            )
        )
    return revealed


def _alerts(result: Result, tokens: set[str]) -> dict[str, list[alert_text.AlertRead]]:
    """The alerts of some parties, in the result's order."""
    prove(result.directory, result.manifest, [ALERTS])
    found: dict[str, list[alert_text.AlertRead]] = {}
    with (result.directory / ALERTS).open("rb") as lines:
        for line in lines:
            alert = alert_text.read_alert(line)
            if alert.party in tokens:
                found.setdefault(alert.party, []).append(alert)
    return found


def _truth_told(question: Question, case: Case | None) -> str:
    if question.kind == "lookalike":
        return f"honest: a look-alike ({question.name.replace('_', ' ')})"
    if case is None:
        return "honest"
    value = "" if case.illicit_usd is None else f", {float(case.illicit_usd):,.0f} USD"
    return (
        f"illicit: {case.typology}, case {case.case_id} ({case.variant}), {len(case.event_ids):,} events from "
        f"{case.first_event_time:%Y-%m-%d} to {case.last_event_time:%Y-%m-%d}{value}, "
        f"{len(case.parties):,} resident parties"
    )


def _system_told(sheet: Sheet, question: Question, alerts: Sequence[alert_text.AlertRead]) -> str:
    """The alert at one of the events in question, else the party's highest; or why there was none."""
    wanted = set(question.event_ids)
    if alerts:
        best = max(alerts, key=lambda alert: (alert.trigger_event_id in wanted, alert.score))
        more = f"{len(alerts):,} alerts on these parties; the one that tells most:\n\n" if len(alerts) > 1 else ""
        return more + alert_text.plain(best)
    rows = np.flatnonzero(sheet.party.is_any(question.parties))
    mine = [row for row in rows.tolist() if sheet.event_id[row] in wanted] or rows.tolist()
    top = max(mine, key=lambda row: (float(sheet.score[row]), -row))
    rank = float(sheet.rank[top])
    ranked = "no rank yet (the models were still warming up)" if np.isnan(rank) else f"rank {rank:.4f} (lower is rarer)"
    reasons = ", ".join(f"{name.replace('_', ' ')} {share:.0%}" for name, share in sheet.reasons.row(top)[:3])
    fired = ", ".join(name for name, _ in sheet.fired.row(top)) or "none"
    return (
        f"fxwatch did not alert. Its highest score was {float(sheet.score[top]):.3f}, {ranked}, at event "
        f"{sheet.event_id[top]}; rules that fired: {fired}; top reasons: {reasons or 'none'}.\n"
    )
