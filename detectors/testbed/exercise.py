"""Training on labelled cases: a balanced draw, a trainee's calls, and what they were worth.

Pure: the draw depends on its arguments and seed only. What a trainee sees and says is streams/testbed/exercise.py's.
"""

import random
from collections.abc import Iterator, Sequence
from typing import Literal

import msgspec

Kind = Literal["case", "lookalike", "honest"]
# Of ten questions: half are planted, the rest is honest, half of that close to a rule. More planted ones than in life,
# because a trainee learns nothing from a hundred honest parties in a row; the questions say so.
PLANTED_SHARE = 0.5
LOOKALIKE_SHARE = 0.25


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """One party to judge. `name` is the case's id, the look-alike's name or empty; never shown before the answer.

    `group` is what draws are spread over: a case's typology, a look-alike's name. `typology` is None for what is
    honest; `parties` are raw ids or tokens, the main one first; `event_ids` what belongs to the case, may be empty.
    """

    kind: Kind
    name: str
    group: str
    typology: str | None
    parties: tuple[str, ...]
    event_ids: tuple[str, ...] = ()


class Answer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A trainee's call on question `case` (1, 2, ...): illicit or not, as which typology, how sure of it (0-100)."""

    case: int
    illicit: bool
    typology: str | None = None
    sure: float = 50.0

    @property
    def probability(self) -> float:
        """The probability that the party is illicit, as the trainee sees it: 90 sure of "honest" is 0.1."""
        return self.sure / 100 if self.illicit else 1 - self.sure / 100


class TypologyScore(msgspec.Struct, frozen=True, kw_only=True):
    """Planted cases of one typology: how many were asked, called illicit, and called by their name."""

    typology: str
    asked: int
    hits: int
    named: int


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """What the calls were worth.

    `hits` + `misses` = planted cases asked; `false_alarms` + `cleared` = honest parties asked, of whom
    `lookalike_alarms` of `lookalikes` were look-alikes. `named` are hits with the right typology. `brier` is the mean
    of (probability - truth) squared, 0-1, lower is better: 0.25 is what "50 sure" gets, whatever the truth.
    """

    asked: int
    hits: int
    misses: int
    false_alarms: int
    cleared: int
    lookalikes: int
    lookalike_alarms: int
    named: int
    brier: float
    typologies: tuple[TypologyScore, ...]


def draw(
    cases: Sequence[Question], lookalikes: Sequence[Question], honest: Sequence[Question], count: int, seed: int
) -> list[Question]:
    """`count` questions, balanced and mixed; fewer where there is not enough of a kind and the others run out too.

    Planted cases are spread evenly over typologies, look-alikes over their names. What one kind lacks is made up by
    the others. Equal arguments and seed give equal questions.
    """
    chance = random.Random(seed)  # noqa: S311 - a draw that must be repeatable, no secret
    queues = [list(_spread(kind, chance)) for kind in (cases, lookalikes, honest)]
    planted = round(count * PLANTED_SHARE)
    close = round(count * LOOKALIKE_SHARE)
    wanted = [planted, close, count - planted - close]
    drawn: list[Question] = []
    for queue, most in zip(queues, wanted, strict=True):
        drawn += queue[:most]
        del queue[:most]
    for queue in queues:
        drawn += queue[: count - len(drawn)]
    chance.shuffle(drawn)
    return drawn


def _spread(questions: Sequence[Question], chance: random.Random) -> Iterator[Question]:
    """Shuffled, then one of each group in turn, so that a short draw holds as many groups as it can."""
    groups: dict[str, list[Question]] = {}
    for question in sorted(questions, key=lambda one: (one.group, one.name, one.parties)):
        groups.setdefault(question.group, []).append(question)
    order = list(groups)
    chance.shuffle(order)
    for name in order:
        chance.shuffle(groups[name])
    while any(groups.values()):
        for name in order:
            if groups[name]:
                yield groups[name].pop()


def faults(questions: Sequence[Question], answers: Sequence[Answer], typologies: Sequence[str]) -> list[str]:
    """What is wrong with the answers, all of it; empty when they can be scored."""
    known = set(typologies)
    numbers = [answer.case for answer in answers]
    found = [
        f"case {number}: answered {numbers.count(number)} times"
        for number in dict.fromkeys(numbers)
        if numbers.count(number) > 1
    ]
    found += [
        f"case {number}: there is none; expected: 1 to {len(questions)}"
        for number in dict.fromkeys(numbers)
        if not 1 <= number <= len(questions)
    ]
    found += [f"case {number}: no answer" for number in range(1, len(questions) + 1) if number not in numbers]
    for answer in answers:
        if not 0 <= answer.sure <= 100:  # noqa: PLR2004 - per cent
            found.append(f"case {answer.case}: sure: got: {answer.sure:g}; expected: 0 to 100")
        if answer.typology is not None and answer.typology not in known:
            found.append(f"case {answer.case}: typology: got: {answer.typology!r}; expected: {', '.join(typologies)}")
        if answer.typology is not None and not answer.illicit:
            found.append(f"case {answer.case}: a typology belongs to an illicit call only; got: {answer.typology}")
    return found


def score(questions: Sequence[Question], answers: Sequence[Answer]) -> Score:
    """Score complete answers (`faults` is empty) against the truth of the questions. Raises `KeyError` otherwise."""
    called = {answer.case: answer for answer in answers}
    pairs = [(question, called[number]) for number, question in enumerate(questions, 1)]
    planted = [(question, answer) for question, answer in pairs if question.kind == "case"]
    honest = [(question, answer) for question, answer in pairs if question.kind != "case"]
    close = [answer for question, answer in honest if question.kind == "lookalike"]
    hits = [(question, answer) for question, answer in planted if answer.illicit]
    alarms = sum(answer.illicit for _, answer in honest)
    squares = [(answer.probability - (question.kind == "case")) ** 2 for question, answer in pairs]
    return Score(
        asked=len(pairs),
        hits=len(hits),
        misses=len(planted) - len(hits),
        false_alarms=alarms,
        cleared=len(honest) - alarms,
        lookalikes=len(close),
        lookalike_alarms=sum(answer.illicit for answer in close),
        named=sum(question.typology == answer.typology for question, answer in hits),
        brier=sum(squares) / len(squares) if squares else 0.0,
        typologies=tuple(_of(typology, planted) for typology in sorted({one.group for one, _ in planted})),
    )


def _of(typology: str, planted: Sequence[tuple[Question, Answer]]) -> TypologyScore:
    mine = [answer for question, answer in planted if question.group == typology]
    return TypologyScore(
        typology=typology,
        asked=len(mine),
        hits=sum(answer.illicit for answer in mine),
        named=sum(answer.illicit and answer.typology == typology for answer in mine),
    )
