"""A month's lists of supervisors' screens as text: who is in them, why, and what was compared with what."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from zoneinfo import ZoneInfo

from detectors.ranking.institution_peers import HABITS, Habit
from detectors.wording import phrases
from streams.alert_text import korean
from streams.alert_text.alert_text import TextLine, law_test_text, limit_text, local_time, number, spelled
from streams.alert_text.labels import LABELS
from streams.desk.screen_lists import Lists, ScreenedRead
from streams.desk_text.screen_words import SCREEN_WORDS, ScreenWords
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
    if not found.entries and not found.institutions:
        yield TextLine(words.none.format(month=month))
    for screen, entries in groupby(found.entries, lambda one: one.screen):
        several = list(entries)
        title = words.screens.get(screen) or make_printable(screen)
        yield TextLine(label=words.head.format(screen=title, month=month, count=len(several)))
        for one in several:
            yield from _entry(one, zone, lang)
        yield TextLine()
    yield from _institutions(found, lang)
    if found.months:
        yield TextLine(words.months.format(months=", ".join(_month(one, lang) for one in found.months)))
    if found.entries or found.habits:
        yield TextLine(words.note)


def _institutions(found: Lists, lang: Language) -> Iterator[TextLine]:
    """The institutions that stand out, each habit in a sentence, and what they were compared by."""
    words, labels = SCREEN_WORDS[lang], LABELS[lang]
    if not found.institutions:
        return
    names = dict.fromkeys(one.institution for one in found.habits)
    told = {"institutions": found.institutions, "partitions": found.partitions, "count": len(names)}
    yield TextLine(label=words.peers.format(month=_month(found.month, lang), **told))
    for name in names:
        yield TextLine()
        yield TextLine(label=words.institution.format(name=phrases.code(make_printable(name))), margin=2)
        for one in found.habits:
            if one.institution == name:
                yield TextLine(_habit(one, words), margin=7)
    texts = [f"{words.limits[one.name]} {number(one.value, one.unit, lang=lang)}" for one in found.limits]
    yield from _labelled(labels.limits, texts if names else [])
    yield TextLine()


def _habit(one: Habit, words: ScreenWords) -> str:
    return words.habit.format(
        share=f"{one.share * 100:.1f}",
        of=f"{one.of:,}",
        kind=words.kinds[HABITS[one.name]],
        count=f"{one.number:,}",
        habit=words.habits[one.name],
        peers=one.peers,
        median=f"{one.median * 100:.1f}",
        z=f"{one.z:.1f}",
    )


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
