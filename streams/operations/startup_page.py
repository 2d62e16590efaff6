"""The worker's page `/startup`: what is learned of what is needed, for each partition and for all, in plain words."""

from collections.abc import Mapping
from html import escape

import msgspec

from detectors.ranking.outlook import Outlook
from streams.operations.outlook_words import advice, sentences
from streams.plain_text.languages import LANGUAGES, Both, Language, Words

_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem;color:#1b1f24;background:#fff}
h1{font-size:1.4rem;margin:0 0 .5rem}h2{font-size:1.05rem;margin:1.6rem 0 .4rem}li{margin:.2rem 0}
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #d8dee4}
.number{text-align:right;font-variant-numeric:tabular-nums}meter{width:10rem;height:.8rem}
.yes{color:#116329;font-weight:600}.no{color:#7d4e00;font-weight:600}nav{float:right}
"""


class PageWords(Words):
    """Titles and columns of the page."""

    # fmt: off
    title = Both("When scores become useful", "점수를 언제부터 쓸 수 있는가")
    all_ranks = Both("Scores are in use: every partition of this worker ranks payments.",
                     "점수를 쓸 수 있습니다. 이 작업자의 모든 파티션이 순위를 매깁니다.")
    not_yet = Both("Rules work. Scores are still learning.", "규칙은 작동합니다. 점수는 아직 학습 중입니다.")
    nothing = Both("This worker holds no partition of the monitor now.", "이 작업자가 맡은 파티션이 없습니다.")
    partition = Both("Partition", "파티션")
    learned = Both("Payments learned", "학습한 거래(건)")
    needed = Both("Needed", "필요(건)")
    progress = Both("Learned of needed", "학습 진행")
    ranks = Both("Ranks payments", "순위 산정")
    yes = Both("yes", "예")
    no = Both("not yet", "아직")
    what = Both("What it means", "현재 상태")
    advice = Both("What to do", "조치 사항")
    partitions = Both("Partitions held by this worker", "이 작업자가 맡은 파티션")
    others = Both("Others are on the pages of the workers that hold them. The command fxwatch doctor speaks for all.",
                  "나머지는 해당 작업자의 페이지에 있습니다. 전체는 fxwatch doctor 명령으로 확인하십시오.")
    other_language = Both("한국어", "English")
    # fmt: on


WORDS = {language: PageWords(language) for language in LANGUAGES}
# of the table's columns, the first so many
NUMBERS = 3
OTHER: dict[Language, Language] = {"en": "ko", "ko": "en"}


class StartupFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the page tells: the outlook, and payments learned by partition held here."""

    outlook: Outlook | None
    learned: Mapping[int, int]


def page(facts: StartupFacts, lang: Language = "en") -> bytes:
    """The page as HTML, without a script and without anything from elsewhere."""
    words, found = WORDS[lang], facts.outlook
    body = [f'<nav><a href="?lang={OTHER[lang]}">{words.other_language}</a></nav><h1>{words.title}</h1>']
    if found is None or not facts.learned:
        body.append(f"<p>{words.nothing}</p>")
    else:
        ready = all(count >= found.warm_up for count in facts.learned.values())
        body.append(f'<p class="{"yes" if ready else "no"}">{words.all_ranks if ready else words.not_yet}</p>')
        body += [f"<h2>{words.what}</h2>", _items(list(sentences(found, lang)))]
        if told := advice(found, lang):
            body += [f"<h2>{words.advice}</h2>", _items(told)]
        body += [f"<h2>{words.partitions}</h2>", _table(found.warm_up, facts.learned, words), f"<p>{words.others}</p>"]
    head = f'<meta charset="utf-8"><title>fxwatch: {words.title}</title><style>{_STYLE}</style>'
    return f'<!doctype html><html lang="{lang}"><head>{head}</head><body>{"".join(body)}</body></html>'.encode()


def _items(texts: list[str]) -> str:
    return "<ul>" + "".join(f"<li>{escape(text)}</li>" for text in texts) + "</ul>"


def _table(needed: int, learned: Mapping[int, int], words: PageWords) -> str:
    titles = (words.partition, words.learned, words.needed, words.progress, words.ranks)
    rows = ["<tr>" + "".join(f"<th{_aligned(place)}>{title}</th>" for place, title in enumerate(titles)) + "</tr>"]
    for number, count in sorted(learned.items()):
        ranks = count >= needed
        told = f'<td class="{"yes" if ranks else "no"}">{words.yes if ranks else words.no}</td>'
        meter = f'<meter min="0" max="{max(1, needed)}" value="{min(count, max(1, needed))}"></meter>'
        numbers = "".join(f'<td class="number">{each:,}</td>' for each in (number, count, needed))
        rows.append(f"<tr>{numbers}<td>{meter}</td>{told}</tr>")
    return f"<table>{''.join(rows)}</table>"


def _aligned(place: int) -> str:
    """The first columns are numbers."""
    return ' class="number"' if place < NUMBERS else ""
