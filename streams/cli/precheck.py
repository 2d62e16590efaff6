"""`fxwatch precheck`: which documents and reports the law will ask for, before a payment is ordered."""

import json
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import click

from detectors.precheck.planned import Duty, Planned
from streams.alert_text import korean
from streams.alert_text.alert_text import number as amount_text
from streams.cli.desk_options import language
from streams.errors import FxwatchError, UsageError
from streams.plain_text.languages import Language
from streams.plain_text.printable import make_printable, say, say_json
from streams.precheck.answers import Answers, find_legal_day
from streams.settings import load_settings

_OUTCOMES: dict[Language, dict[str, str]] = {
    "en": {"asked": "ASKED FOR", "not_asked": "not asked for", "cannot_tell": "cannot be told"},
    "ko": {"asked": "필요", "not_asked": "불필요", "cannot_tell": "판단 불가"},
}
_OFFICES: dict[Language, dict[str, str]] = {
    "en": {"bank": "the bank", "designated_bank": "the designated bank", "central_bank": "the Bank of Korea"},
    "ko": {"bank": "외국환은행", "designated_bank": "지정거래외국환은행", "central_bank": "한국은행"},
}
_NAMES: dict[Language, dict[str, str]] = {
    "en": {
        "documents": "documents",
        "designated_bank": "designated bank",
        "third_party_report": "report of a third-party payment",
        "offset_report": "report of an offset",
        "period_report": "report of goods paid in advance",
        "capital_report": "report of a capital transaction",
    },
    "ko": {
        "documents": "증빙서류",
        "designated_bank": "지정거래외국환은행",
        "third_party_report": "제3자 지급 신고",
        "offset_report": "상계 신고",
        "period_report": "기간 초과 지급·수령 신고",
        "capital_report": "자본거래 신고",
    },
}


class NotCheckedError(FxwatchError):
    """Some of the planned payments could not be read; the others were answered."""

    code = "precheck.unreadable"


@click.command("precheck")
@click.argument("file", required=False, type=click.Path(path_type=Path, allow_dash=True))
@click.option("--on", "day", metavar="DATE", help="The legal day, where a payment names none; default today.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a payment.")
@click.option("--listen", metavar="HOST:PORT", help="Answer POST /precheck over HTTP instead, until stopped.")
@language
def command(file: Path | None, day: str | None, listen: str | None, *, as_json: bool, lang: Language) -> None:
    """Say what the law will ask for of payments that are not ordered yet: documents, reports, to whom, by which limit.

    FILE (`-`: standard input) holds a JSON object a line, with the fields of `fx.transactions.v1` that are known, and
    some of its own (docs/PRECHECK.md). What is not said cannot be told, and the answer names the field. Limits are
    those of this machine's configuration, of the payment's day. Nothing is sent anywhere.

    Example: echo '{"direction": "out", "party_type": "person", "residency": "resident", "amount": "7000", "currency":
    "USD"}' | fxwatch precheck -

    Example: fxwatch precheck --listen 127.0.0.1:6080
    """
    from streams.precheck.site import serve

    answers = Answers(load_settings().effective)
    if listen is not None:
        serve(answers, listen, lambda text: say(text, err=True))
        return
    if file is None:
        raise UsageError("nothing to check", expected="a FILE, `-` for standard input, or --listen")
    today = _legal_day(day) if day else find_legal_day(answers.configuration, datetime.now(UTC))
    wrong = 0
    for number, line in enumerate(_lines(file), 1):
        try:
            planned, duties = answers.check(line, today)
        except UsageError as fault:
            wrong += 1
            say(f"line {number}: {fault.message}", err=True)
            continue
        if as_json:
            say_json(json.dumps(answers.tell(planned, duties), ensure_ascii=False))
        else:
            for text in _words(number, planned, duties, lang):
                say(text)
    if wrong:
        raise NotCheckedError(f"{wrong} of the planned payments could not be read", todo="see the lines above")


def _legal_day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError as fault:
        raise UsageError("--on is no date", got=text, expected="a day of the calendar, as 2026-03-02") from fault


def _lines(file: Path) -> Iterator[str]:
    try:
        if str(file) == "-":
            yield from _not_empty(sys.stdin)
        else:
            with file.open(encoding="utf-8") as opened:
                yield from _not_empty(opened)
    except (OSError, UnicodeDecodeError) as fault:
        raise UsageError("the planned payments cannot be read", got=f"{file}: {fault}") from fault


def _not_empty(lines: Iterable[str]) -> Iterator[str]:
    return (line for line in lines if line.strip())


def _words(number: int, planned: Planned, duties: tuple[Duty, ...], lang: Language) -> Iterator[str]:
    day = korean.day(planned.planned_on.isoformat()) if lang == "ko" else planned.planned_on
    yield make_printable(f"{number}: {amount_text(planned.amount, planned.currency, lang=lang)}, {day}")
    for duty in duties:
        text, article = (duty.text_ko, duty.article_ko) if lang == "ko" else (duty.text_en, duty.article_en)
        office = f" ({_OFFICES[lang][duty.office]})" if duty.outcome == "asked" else ""
        told = f"{_NAMES[lang][duty.id]}: {_OUTCOMES[lang][duty.outcome]}{office}."
        yield f"  {told} {text[:1].upper()}{text[1:]}. [{article}]"
        if duty.missing:
            yield f"    {'필요한 항목' if lang == 'ko' else 'to be said'}: {', '.join(duty.missing)}"
