"""A month's lists of supervisors' screens as text: who is in them, why, and what was compared with what."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from zoneinfo import ZoneInfo

from detectors.wording import phrases
from streams.alert_text import korean
from streams.alert_text.alert_text import TextLine, law_test_text, limit_text, local_time, number, spelled
from streams.alert_text.labels import LABELS
from streams.desk.screen_lists import Lists, ScreenedRead
from streams.desk_text.screen_words import SCREEN_WORDS
from streams.plain_text.languages import Language
from streams.plain_text.printable import make_printable

# ledger positions shown of an entry, the newest; `--json` has all
_MOST_PLACES = 8
_LABEL = 15


def lines(found: Lists, zone: ZoneInfo, lang: Language) -> Iterator[TextLine]:
    """The page."""
    words = SCREEN_WORDS[lang]
    if found.unreadable:
        yield TextLine(words.unreadable.format(count=found.unreadable))
    if not found.month:
        yield TextLine(words.empty)
        return
    month = _month(found.month, lang)
    if not found.entries:
        yield TextLine(words.none.format(month=month))
    for screen, entries in groupby(found.entries, lambda one: one.screen):
        several = list(entries)
        title = words.screens.get(screen) or make_printable(screen)
        yield TextLine(label=words.head.format(screen=title, month=month, count=len(several)))
        for one in several:
            yield from _entry(one, zone, lang)
        yield TextLine()
    if found.months:
        yield TextLine(words.months.format(months=", ".join(_month(one, lang) for one in found.months)))
    if found.entries:
        yield TextLine(words.note)


def _month(text: str, lang: Language) -> str:
    return korean.month(text) if lang == "ko" else make_printable(text)


def _entry(one: ScreenedRead, zone: ZoneInfo, lang: Language) -> Iterator[TextLine]:
    words, labels = SCREEN_WORDS[lang], LABELS[lang]
    yield TextLine()
    yield TextLine(label=words.subject.format(party=make_printable(one.subject)), margin=2)
    yield TextLine(make_printable(one.text_ko if lang == "ko" else one.text_en), margin=7)
    yield from _labelled(labels.tests, [law_test_text(test, labels, lang) for test in one.tests])
    values = [(each.name, number(each.value, each.unit, lang=lang, of=each.name)) for each in one.measured]
    yield from _labelled(labels.measured, [f"{spelled(name, lang)} {value}" for name, value in values])
    yield from _labelled(labels.limits, [limit_text(limit, labels, lang) for limit in one.limits])
    yield from _labelled(labels.institutions, [", ".join(map(phrases.code, one.institutions))])
    places = [f"{one.position.partition}:{offset}" for offset in one.ledger_offsets]
    yield from _labelled(words.place, [" ".join(places[-_MOST_PLACES:])])
    yield from _labelled(words.as_of, [local_time(one.as_of, zone, lang)])


def _labelled(label: str, texts: Sequence[str]) -> Iterator[TextLine]:
    for place, text in enumerate(texts):
        if text:
            yield TextLine(make_printable(text), "" if place else label, 7, _LABEL)
