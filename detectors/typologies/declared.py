"""What a typology declares of itself as data, what it is asked with in a trial, and what is wrong with a declaration.

The declaration is all that the rest of fxwatch knows of a rule: what is kept for it, which units its limits have, how
its words are said in Korean, what documents and schemas say of it.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

from detectors.books.wanted import LookBack, OneByOne, Wanted, together
from detectors.contracts.events import Declaration, Profile, Transaction

if TYPE_CHECKING:
    from detectors.typologies.base import Typology

UNITS = ("USD", "KRW", "count", "ratio", "days", "bp", "flag")
# Rows of a party are 2 048 at most, however far back a rule looks; ten years is for ever.
LONGEST_DAYS = 3660
MOST_OPEN = 10_000
_ID = re.compile(r"T[0-9]{2}")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_HANGUL = re.compile("[가-힣]")


class DueDate(NamedTuple):
    """A moment at which a typology wants to be woken, for one party and one item, unless something came until then.

    `name` is what the due date is called in state. `of` is the kind of event that sets it. `after` names the typology's
    limit, in days, that leads to the moment: from that event's own time, or from a date that it names. `most_open` is
    how many may wait in one party; of more, the one that is due last is not set. due.py says how a rule sets one.
    """

    name: str
    of: Literal["payment", "declaration"]
    after: str
    most_open: int


class Word(NamedTuple):
    """What a measured value is called in Korean, and the word that its numbers are counted by (of the unit `count`)."""

    ko: str
    counter: str = "건"


class Words(NamedTuple):
    """A typology's own words in Korean, for what an alert carries in English.

    `measured`: by the name of a measured value. `beginning`: by how such a name begins, where the rest is a name of its
    own; `{}` stands for that name. `windows`: pairs of a regular expression with one group, and what is said for it;
    `{}` stands for the group. `legal_basis`: by the English text of the shipped configuration.

    `hard_lines` are no words but ids of its tests: where one of them is met, an amount that an article sets is passed,
    and the input alone tells all that the article asks for. None is where an exemption holds that no field tells.
    """

    measured: Mapping[str, Word] = {}
    beginning: Mapping[str, str] = {}
    windows: tuple[tuple[str, str], ...] = ()
    legal_basis: Mapping[str, str] = {}
    hard_lines: tuple[str, ...] = ()


class Said(NamedTuple):
    """Something said to investigators in both languages; whole sentences without a full stop."""

    text_en: str
    text_ko: str


# What the law may punish, by the article that is not kept: a rate other than the one fixed, business without
# registration, the procedure of payments, a payment method or a capital transaction without report, means of payment
# carried over the border undeclared (Foreign Exchange Transactions Act); a declared price or duty (Customs Act).
Article = Literal["act_5_2", "act_8", "act_15", "act_16", "act_17", "act_18", "customs_270", "customs_270_2"]
ARTICLES: tuple[Article, ...] = get_args(Article)


class Sanction(NamedTuple):
    """An article whose sanctions may apply, and on what condition: `when_en` follows "if", `when_ko` ends in -면.

    The amounts are dated limits of the configuration, so a rule names no number. The condition says what an
    investigator would have to find; an alert finds nobody guilty.
    """

    article: Article
    when_en: str
    when_ko: str


class TrialDay(NamedTuple):
    """A date whose limits are tried: `limit(name)` is the typology's own on the day after, 0 where there is none.

    `noon` is a time of that next day, from which payments are dated.
    """

    day: date
    noon: datetime
    limit: Callable[[str], float]

    def paid(self, minutes: int, party: str, amount: float, **fields: str) -> Transaction:
        """An outgoing payment of a party made up for this day, so long after noon; `fields` as in `made_up`."""
        at = self.noon + timedelta(minutes=minutes)
        return made_up(at, f"t.000.{party}{self.day}", written(amount), **fields)

    def declares(self, minutes: int, party: str, value: float, kind: Literal["import", "export"]) -> Declaration:
        """A line that a party declares with the payee of `paid`, so long after noon, in US dollars."""
        return Declaration(
            event_id="",
            identity="",
            body="",
            declaration_no=f"{kind}{minutes}",
            declared_time=self.noon + timedelta(minutes=minutes),
            kind=kind,
            party=f"t.000.{party}{self.day}",
            counterparty="t.001.payee",
            counterparty_country="VN",
            hs_code="850110",
            quantity="1",
            quantity_unit="EA",
            value=written(value),
            currency="USD",
        )

    def knows(self, minutes: int, party: str, **fields: str) -> Profile:
        """What is known of a company that was registered on this day, so long after noon; `fields` as in `Profile`."""
        return Profile(
            event_id="",
            identity="",
            body="",
            party=f"t.000.{party}{self.day}",
            party_type="company",
            registered_on=self.day,
            as_of=self.noon + timedelta(minutes=minutes),
            **fields,  # type: ignore[arg-type]
        )


def made_up(at: datetime, party: str, amount: str, **fields: str) -> Transaction:
    """A payment of a trial, a person's in USD without documents unless `fields` say otherwise; without an id."""
    given = {
        "direction": "out",
        "party_type": "person",
        "counterparty": "t.001.payee",
        "counterparty_country": "VN",
        "institution": "TRIAL",
        "channel": "app",
        "currency": "USD",
        "purpose": "1",
    } | fields
    return Transaction(event_id="", identity="", body="", event_time=at, party=party, amount=amount, **given)  # type: ignore[arg-type]


def written(amount: float) -> str:
    """An amount as the contract takes it."""
    return f"{min(max(amount, 0.000001), 1e15):.6f}"


def faults(registry: Sequence["Typology"]) -> list[str]:
    """What is wrong with the declarations of a registry: what, got, expected. Empty where nothing is."""
    found = [f"{one.id}: {fault}" for one in registry for fault in _of_one(one)]
    for name, times in Counter(one.id for one in registry).items():
        if times > 1:
            found.append(f"{name}: registered {times} times; expected: once")
    said: dict[str, Word] = {}
    for one in registry:
        for name, word in _words_of(one).items():
            if said.setdefault(name, word) != word:
                found.append(f"{one.id}: {name} is called {word}; expected: {said[name]}, as another typology has it")
    try:
        together(one.wants for one in registry)
    except ValueError as fault:
        found.append(str(fault))
    return found


def _words_of(typology: "Typology") -> dict[str, Word]:
    return {
        **{name: Word(kind.ko, kind.counter) for name, kind in typology.limits.items()},
        **typology.words.measured,
    }


def _of_one(typology: "Typology") -> Iterator[str]:
    if not _ID.fullmatch(typology.id):
        yield f"id: got: {typology.id!r}; expected: T and two digits"
    if not typology.name_en or not _HANGUL.search(typology.name_ko):
        yield f"names: got: {typology.name_en!r}, {typology.name_ko!r}; expected: one in English, one in Korean"
    yield from _limits(typology)
    yield from _due_dates(typology)
    yield from _wants(typology.wants)
    yield from _guidance(typology)
    for name, word in _words_of(typology).items():
        if not _HANGUL.search(word.ko):
            yield f"Korean word of {name}: got: {word.ko!r}; expected: a word in Korean"
    for pattern, form in typology.words.windows:
        if _groups(pattern) != 1 or form.count("{}") != 1:
            yield f"window: got: {pattern!r}, {form!r}; expected: a regular expression with one group, and one {{}}"


def _guidance(typology: "Typology") -> Iterator[str]:
    """What is wrong with the next steps and sanctions: an investigator must know what to do, in either language."""
    if not typology.next_steps:
        yield "next_steps: got: none; expected: what an investigator does next, in English and Korean"
    for english, korean in (*typology.next_steps, *((one.when_en, one.when_ko) for one in typology.sanctions)):
        if not english or english.endswith(".") or _HANGUL.search(english):
            yield f"English text: got: {english!r}; expected: English without a full stop"
        if not _HANGUL.search(korean) or korean.endswith("."):
            yield f"Korean text: got: {korean!r}; expected: Korean without a full stop"
    for one in typology.sanctions:
        if one.article not in ARTICLES:
            yield f"sanction: got: {one.article!r}; expected: one of {', '.join(ARTICLES)}"


def _groups(pattern: str) -> int | None:
    """How many groups a regular expression has; None for what is none."""
    try:
        return re.compile(pattern).groups
    except re.error:
        return None


def _limits(typology: "Typology") -> Iterator[str]:
    for name, kind in typology.limits.items():
        if not _NAME.fullmatch(name):
            yield f"limit {name!r}: expected: a name of a-z, 0-9 and _"
        if kind.unit not in UNITS:
            yield f"limit {name}: unit: got: {kind.unit!r}; expected: one of {', '.join(UNITS)}"
        if not 0 <= Decimal(kind.least) <= Decimal(kind.most):
            yield f"limit {name}: range: got: {kind.least} to {kind.most}; expected: from 0 on, the least first"


def _due_dates(typology: "Typology") -> Iterator[str]:
    names = [one.name for one in typology.due_dates]
    for one in typology.due_dates:
        if not _NAME.fullmatch(one.name) or names.count(one.name) > 1:
            yield f"due date {one.name!r}: expected: a name of its own, of a-z, 0-9 and _"
        kind = typology.limits.get(one.after)
        if kind is None or kind.unit != "days":
            days = [name for name, each in typology.limits.items() if each.unit == "days"]
            yield f"due date {one.name}: after: got: {one.after!r}; expected: one of its limits in days: {days}"
        if one.of not in {"payment", "declaration"}:
            yield f"due date {one.name}: of: got: {one.of!r}; expected: payment or declaration"
        if not 1 <= one.most_open <= MOST_OPEN:
            yield f"due date {one.name}: most_open: got: {one.most_open}; expected: 1 to {MOST_OPEN}"


def _wants(wants: Wanted) -> Iterator[str]:
    for back in wants.look_back:
        if not 0 <= back.days <= LONGEST_DAYS or not (back.days or back.calendar_year):
            yield f"look_back: got: {back.days} days; expected: 1 to {LONGEST_DAYS}, or a calendar year"
    for one in wants.one_by_one:
        if not any(_covers(back, one) for back in wants.look_back):
            yield f"one_by_one: got: {one.payments} for {one.days} days; expected: no more than its look_back"


def _covers(back: LookBack, one: OneByOne) -> bool:
    return back.payments.covers(one.payments) and 0 < one.days <= back.days
