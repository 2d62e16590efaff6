"""An alert as text that an investigator can act on and defend.

One description of the page serves the terminal (wrapped, coloured) and the pipe (plain, one line a statement). What a
sender chose in an alert may hold control characters; they never reach the terminal.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

import msgspec
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from detectors.contracts.alert import Alert, EvidenceItem, LawTest, LimitShown, Number, Reason, Snoozed, TypologyHit
from detectors.wording import phrases
from streams.alert_text import korean
from streams.alert_text.evidence_lines import paid_lines
from streams.alert_text.field_names import FIELDS_KO
from streams.alert_text.labels import LABELS, Labels
from streams.alert_text.likelihood import likelihood
from streams.alert_text.rank_told import rank_told
from streams.plain_text.languages import Language
from streams.plain_text.printable import make_printable

SEOUL = ZoneInfo("Asia/Seoul")
# as many as an alert holds
EVIDENCE_SHOWN = 50
SEVERITIES = ("low", "medium", "high", "critical")
STYLES = {"low": "bold cyan", "medium": "bold yellow", "high": "bold red", "critical": "bold white on red"}
# narrower than this, hanging indents would leave no room for words
LEAST_WIDTH = 40
_LABEL = 15
# below this four places show too little: a chance of 0.00097 would read as its limit of 0.001
_FOUR_PLACES = 0.001
_HANGUL = re.compile(r"[\uac00-\ud7a3]")


class LimitRead(LimitShown, frozen=True, kw_only=True):
    """A limit with the mark that its figure was not checked against the law, where the alert carries one."""

    verified: bool | None = msgspec.field(name="x_verified", default=None)  # type: ignore[assignment]  # older alerts lack it

    @property
    def unverified(self) -> bool:
        """Whether the alert itself says that the figure was not checked."""
        return self.verified is False


class TypologyRead(TypologyHit, frozen=True, kw_only=True):
    """A typology hit with limits as read."""

    limits: tuple[LimitRead, ...]


class AlertRead(Alert, frozen=True, kw_only=True):
    """An alert as read from a topic; fields that this version does not know are left out."""

    typologies: tuple[TypologyRead, ...]


_decode = msgspec.json.Decoder(AlertRead).decode


def read_alert(value: bytes) -> AlertRead:
    """The alert of a record's value; unknown fields are ignored. Raises `msgspec.DecodeError` for anything else."""
    return _decode(value)


class TextLine(msgspec.Struct, frozen=True):
    """One statement: `label` stands at `margin`, `text` hangs at `margin` + `hang` cells."""

    text: str = ""
    label: str = ""
    margin: int = 0
    hang: int = 0
    style: str = ""
    label_style: str = "bold"


def in_language(text: str, lang: Language) -> str:
    """The part of an `English / Korean` text in `lang`; a text in one language as it is."""
    english, slash, korean = text.partition(" / ")
    if not slash or _HANGUL.search(english) or not _HANGUL.search(korean):
        return make_printable(text)
    return make_printable(korean if lang == "ko" else english)


def number(value: Number | None, unit: str = "", *, lang: Language = "en", of: str = "") -> str:
    """A value with thousands separated and its unit in words; a decimal string keeps its places.

    `of` is the name of what is measured: Korean counts people by another word than payments.
    """
    if value is None:
        return "-"
    if lang == "ko":
        return korean.figure(value, unit, number(value), of)
    # a share or a chance: 0.001 of something is no multiple of it
    ratio = "" if not isinstance(value, str) and value < 1 else " times"
    suffix = {"": "", "count": "", "ratio": ratio, "flag": "", "local date": ""}.get(unit, f" {unit}")
    if unit == "flag":
        return "yes" if float(value) else "no"
    if isinstance(value, str):
        try:
            return f"{Decimal(value):,}{make_printable(suffix)}"
        except InvalidOperation:
            return make_printable(f"{value}{suffix}")
    text = f"{value:,}" if isinstance(value, int) else f"{value:,.4f}".rstrip("0").rstrip(".")
    if 0 < abs(value) < _FOUR_PLACES:
        text = f"{Decimal(f'{value:.2g}'):f}"
    return f"{text}{make_printable(suffix)}"


def local_time(at: datetime, zone: ZoneInfo, lang: Language = "en") -> str:
    """The time where the law applies, with the zone named."""
    if lang == "ko":
        return korean.moment(at, zone)
    return at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S %Z")


def _first_sentence(text: str) -> str:
    """Up to the first full stop that a blank follows, so that decimals stay whole."""
    return re.split(r"(?<=\.)\s", make_printable(text), maxsplit=1)[0]


def _sentence(reason: Reason, lang: Language) -> str:
    return make_printable(reason.text_ko if lang == "ko" else reason.text_en)


def _titles(alert: Alert, lang: Language) -> str:
    unexplained = LABELS[lang].drawn if alert.selection.explored else LABELS[lang].anomaly
    return " + ".join(in_language(hit.name, lang) for hit in alert.typologies) or unexplained


def _happened(alert: Alert, lang: Language) -> str:
    """What happened, in the alert's own words: of the strongest rule, else of the strongest reason."""
    fired = {hit.id for hit in alert.typologies}
    told = [each for each in alert.reasons if each.feature in fired] or list(alert.reasons)
    return _first_sentence(_sentence(told[0], lang)) if told else ""


def _money(alert: Alert, words: Labels, lang: Language) -> str:
    parts = [number(alert.amount_usd, "USD", lang=lang)] if alert.amount_usd is not None else []
    parts += [number(alert.amount_krw, "KRW", lang=lang)] if alert.amount_krw is not None else []
    text = " = ".join(parts) or words.no_amount
    return f"{text} ({words.rate_missing})" if alert.rate_missing else text


def _head(alert: Alert, words: Labels, lang: Language, zone: ZoneInfo) -> Iterator[TextLine]:
    status = words.status.get(alert.status, alert.status)
    yield TextLine(f"{words.severity[alert.severity]}  {_titles(alert, lang)}", style=STYLES[alert.severity])
    happened = _happened(alert, lang)
    if happened:
        yield TextLine(happened, margin=2)
    yield TextLine(_money(alert, words, lang), words.amount, 2, _LABEL)
    changed = f" {words.updates} {make_printable(alert.supersedes)}" if alert.supersedes else ""
    yield TextLine(f"{local_time(alert.created_for, zone, lang)} ({status}{changed})", words.when, 2, _LABEL)
    if isinstance(alert.snoozed, Snoozed):
        text = words.rests_not if alert.snoozed.legal_line else words.rests
        place = f"{alert.position.partition}:{alert.snoozed.offset}"
        until = local_time(alert.snoozed.until, zone, lang)
        yield TextLine(text.format(until=until, place=place), words.snoozed, 2, _LABEL)
    if alert.withheld is not msgspec.UNSET:
        desks = ", ".join(korean.desk(name, lang) for name in alert.withheld)
        yield TextLine(words.over_ceiling.format(desks=desks), words.withheld, 2, _LABEL)
    yield TextLine(make_printable(alert.party), words.party, 2, _LABEL)
    if alert.counterparty:
        yield TextLine(make_printable(alert.counterparty), words.counterparty, 2, _LABEL)
    if alert.shared:
        thing = f"{words.shared_kinds[alert.shared.kind]} {make_printable(alert.shared.token)}"
        yield TextLine(thing, words.shared, 2, _LABEL)
    if alert.parties:
        yield TextLine(make_printable(", ".join(alert.parties)), words.others, 2, _LABEL)
    yield TextLine(make_printable(", ".join(map(phrases.code, alert.institutions))), words.institutions, 2, _LABEL)


def limit_text(limit: LimitShown, words: Labels, lang: Language) -> str:
    """A limit with its date and where it comes from."""
    source = words.provenance.get(limit.provenance, limit.provenance)
    if isinstance(limit, LimitRead) and limit.unverified and limit.provenance != "D":
        source = f"{source}, {words.unverified}"
    begun = limit.effective_from.isoformat()
    since = words.since.format(date=korean.day(begun) if lang == "ko" else begun, source=source)
    return f"{spelled(limit.name, lang)} {number(limit.value, limit.unit, lang=lang, of=limit.name)} ({since})"


def spelled(name: str, lang: Language) -> str:
    """What a measured value or a limit is called."""
    return korean.name(name) if lang == "ko" else make_printable(name.replace("_", " "))


def _basis(text: str, lang: Language) -> str:
    return in_language(korean.legal_basis(text) if lang == "ko" else text, lang)


def _typology(hit: TypologyHit, words: Labels, lang: Language) -> Iterator[TextLine]:
    window = korean.window(hit.window) if lang == "ko" else make_printable(hit.window)
    aside = f"{words.strength.format(value=number(hit.strength))}, {words.window.format(value=window)}"
    yield TextLine(f"{in_language(hit.name, lang)} ({aside})", make_printable(hit.id), 2, 5, label_style="bold")
    yield TextLine(_basis(hit.legal_basis, lang), words.basis, 7, _LABEL)
    for place, each in enumerate(hit.measured):
        label = "" if place else words.measured
        value = number(each.value, each.unit, lang=lang, of=each.name)
        yield TextLine(f"{spelled(each.name, lang)} {value}", label, 7, _LABEL)
    for place, limit in enumerate(hit.limits):
        yield TextLine(limit_text(limit, words, lang), "" if place else words.limits, 7, _LABEL)
    for place, test in enumerate(hit.tests):
        yield TextLine(law_test_text(test, words, lang), "" if place else words.tests, 7, _LABEL)
    for place, end in enumerate(hit.exposure):
        condition = words.outcome.get(end.condition, end.condition)
        ended = make_printable(end.text_ko if lang == "ko" else end.text_en)
        yield TextLine(f"[{condition}] {ended}", "" if place else words.exposure, 7, _LABEL)
    for place, step in enumerate(hit.next_steps):
        said = make_printable(step.text_ko if lang == "ko" else step.text_en)
        yield TextLine(f"{place + 1}. {said}", "" if place else words.next, 7, _LABEL)


def law_test_text(test: LawTest, words: Labels, lang: Language) -> str:
    """The outcome first, then the test; a field that is missing is named."""
    said = make_printable(test.text_ko if lang == "ko" else test.text_en)
    outcome = words.outcome.get(test.outcome, test.outcome)
    if test.missing is not None:
        named = FIELDS_KO.get(test.missing, test.missing) if lang == "ko" else test.missing
        outcome = f"{outcome}, {words.missing.format(field=make_printable(named))}"
    return f"[{outcome}] {said}"


def _reason(reason: Reason, words: Labels, lang: Language, fired: set[str]) -> TextLine:
    text = _sentence(reason, lang)
    # a rule's own sentence says what it was compared with, and that of few observations that it is weak
    if reason.value is not None and reason.feature not in fired and reason.own_n >= phrases.WEAK:
        text = f"{text} [{words.observations.format(n=reason.own_n)}]"
    share = 100 * reason.contribution
    return TextLine(text, " <1 %" if 0.0 < share < 1.0 else f"{share:3.0f} %", 2, 7)


def _shown_evidence(alert: Alert, most: int) -> list[EvidenceItem]:
    """The trigger and the newest others, in the alert's order: what a reader looks up first."""
    trigger = [each for each in alert.evidence if each.event_id == alert.trigger_event_id][-1:]
    others = [each for each in alert.evidence if each not in trigger]
    kept = [*others[max(0, len(others) - most + len(trigger)) :], *trigger]
    return [each for each in alert.evidence if each in kept]


Details = Callable[[EvidenceItem], Iterable[TextLine]]
"""What more there is to say of a record of the evidence, below its own line."""


def _evidence(
    alert: Alert, words: Labels, lang: Language, zone: ZoneInfo, most: int, details: Details | None
) -> Iterator[TextLine]:
    items = _shown_evidence(alert, most)
    counted = words.evidence_shown.format(shown=len(items), total=alert.evidence_total)
    yield TextLine(f"{words.evidence} ({counted})", style="bold")
    for each in items:
        position = (
            words.ledger_position.format(partition=alert.position.partition, offset=each.offset)
            if each.offset is not None
            else words.gone
        )
        mark = "*" if each.event_id == alert.trigger_event_id else "-"
        told = (
            local_time(each.event_time, zone, lang),
            position,
            each.institution or "",
            each.event_id,
            _original(each),
        )
        yield TextLine("  ".join(map(make_printable, told)), mark, 2, 2)
        yield from (TextLine(text, "", 4, 2) for text in paid_lines(each, words, lang, number))
        if details is not None:
            yield from details(each)


def _original(item: EvidenceItem) -> str:
    """The beginning of what proves the sender's bytes: enough to tell records apart, the whole is in the alert."""
    if item.commitment:
        key_id, _, digits = item.commitment.partition(":")
        return f"{key_id}:{digits[:16]}"
    return f"sha256:{item.sha256[:16]}" if item.sha256 else ""


def _rarity(alert: Alert, words: Labels, lang: Language) -> Iterator[TextLine]:
    yield TextLine(words.rarity, style="bold")
    told = [words.score.format(score=number(alert.score)), *rank_told(alert, words, number)]
    yield TextLine("; ".join(told), margin=2)
    selection = alert.selection
    budget = korean.coded(selection.budget, korean.BUDGETS) if lang == "ko" else make_printable(selection.budget)
    chance = words.chance.format(budget=budget, probability=number(selection.probability))
    chosen = words.chosen.get(selection.budget, chance)
    yield TextLine(f"{words.explored}; {chance}" if selection.explored else chosen, margin=2)


def _record(alert: Alert, words: Labels, lang: Language) -> Iterator[TextLine]:
    versions, position = alert.versions, alert.position
    yield TextLine(words.record, style="bold")
    yield TextLine(make_printable(alert.alert_id), words.alert, 2, _LABEL)
    yield TextLine(make_printable(alert.case_id), words.case, 2, _LABEL)
    yield TextLine(korean.desk(alert.desk, lang), words.desk, 2, _LABEL)
    yield TextLine(make_printable(alert.trigger_event_id), words.trigger, 2, _LABEL)
    yield TextLine(make_printable(f"{position.topic}[{position.partition}]@{position.offset}"), words.ledger, 2, _LABEL)
    told = words.releases.format(
        code=versions.code, config=versions.config, detectors=versions.detectors, rules=versions.rules
    )
    yield TextLine(make_printable(told), words.versions, 2, _LABEL)
    yield TextLine(words.caution, margin=2, style="italic")


def lines(
    alert: Alert,
    *,
    lang: Language = "en",
    zone: ZoneInfo = SEOUL,
    evidence: int = EVIDENCE_SHOWN,
    details: Details | None = None,
) -> list[TextLine]:
    """The page, top to bottom; `evidence` records at most, the newest and the trigger, each with its `details`."""
    words = LABELS[lang]
    page = list(_head(alert, words, lang, zone))
    if alert.typologies:
        page.append(TextLine(words.rules, style="bold"))
        for hit in alert.typologies:
            page += _typology(hit, words, lang)
    page.append(TextLine(words.reasons, style="bold"))
    fired = {hit.id for hit in alert.typologies}
    page += [_reason(reason, words, lang, fired) for reason in alert.reasons]
    page.append(TextLine(words.normal, style="bold"))
    page += [
        TextLine(in_language(each.change, lang) + (f" ({words.still})" if each.would_alert else ""), "-", 2, 2)
        for each in alert.counterfactual
    ] or [TextLine(words.untested, "-", 2, 2)]
    page += _evidence(alert, words, lang, zone, evidence, details)
    page += _rarity(alert, words, lang)
    page += [TextLine(sentence, margin=2) for sentence in likelihood(alert, words)]
    page += _record(alert, words, lang)
    return page


def _prefix(line: TextLine) -> str:
    gap = " " if line.label and cell_len(line.label) >= line.hang else ""
    return " " * line.margin + line.label + gap + " " * max(0, line.hang - cell_len(line.label))


def plain(alert: Alert, *, lang: Language = "en", zone: ZoneInfo = SEOUL, evidence: int = EVIDENCE_SHOWN) -> str:
    """The page for a pipe: one line a statement, unwrapped, no colours, a blank line at the end."""
    return text_of(lines(alert, lang=lang, zone=zone, evidence=evidence))


def text_of(page: Iterable[TextLine]) -> str:
    """A page's lines for a pipe, and a blank one at the end."""
    return "".join(f"{_prefix(line)}{line.text}".rstrip() + "\n" for line in page) + "\n"


class TerminalPage:
    """The page for a terminal; wraps to the console's width with hanging indents."""

    def __init__(self, page: list[TextLine], rule_style: str) -> None:
        self._lines, self._rule_style = page, rule_style

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width = max(LEAST_WIDTH, options.max_width)
        yield Text("\u2500" * width, style=self._rule_style)
        for line in self._lines:
            prefix = _prefix(line)
            hang = cell_len(prefix)
            wrapped = Text(line.text, style=line.style).wrap(console, width - hang)
            for place, piece in enumerate(wrapped or [Text()]):
                piece.rstrip()
                first = Text(prefix, style=line.label_style) if place == 0 else Text(" " * hang)
                yield first + piece
        yield Text()


def render(
    alert: Alert, *, lang: Language = "en", zone: ZoneInfo = SEOUL, evidence: int = EVIDENCE_SHOWN
) -> TerminalPage:
    """The page for `rich.console.Console.print`, at the console's width (80 columns are enough)."""
    return TerminalPage(lines(alert, lang=lang, zone=zone, evidence=evidence), STYLES[alert.severity])


def headline(alert: Alert, *, lang: Language = "en", zone: ZoneInfo = SEOUL) -> Text:
    """One line: severity, time, what was found, amount, party."""
    words = LABELS[lang]
    found = ", ".join(make_printable(hit.id) for hit in alert.typologies)
    title = f"{found} {_titles(alert, lang)}" if found else _titles(alert, lang)
    text = Text(f"{words.severity[alert.severity]:<9}", style=STYLES[alert.severity])
    told = (local_time(alert.created_for, zone, lang), title, _money(alert, words, lang), make_printable(alert.party))
    text.append("  ".join(told), style="not bold")
    return text
