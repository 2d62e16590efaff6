"""`fxwatch trade`: what of a trader's declarations and payments belongs together, and what is open."""

import json
from zoneinfo import ZoneInfo

import click

from streams.alert_text import korean
from streams.cli.desk_options import ReadingProgress, language
from streams.desk.party_history import partition_of, require_token
from streams.desk.trade_history import read_trade
from streams.desk_text import trade_text
from streams.desk_text.trade_words import TRADE_WORDS
from streams.plain_text import tables
from streams.plain_text.languages import Language
from streams.plain_text.printable import say, say_json
from streams.settings import load_settings

MOST_SHOWN = 50


@click.group()
def command() -> None:
    """Look at a trader's ledger.

    Example: fxwatch trade show k1.0a3.5d41402abc4b2a76b9719d911017c592
    """


@command.command()
@click.argument("token", metavar="PARTY")
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=MOST_SHOWN,
    show_default=True,
    help="At most so many rows a table: the oldest open items, the newest matches.",
)
@click.option("--json", "as_json", is_flag=True, help="Everything as one JSON object.")
@language
def show(token: str, limit: int, *, as_json: bool, lang: Language) -> None:
    """Show PARTY's trade ledger: totals, open items with age and reason, matches, months.

    PARTY is the token as alerts show it. The ledger partition of the party is read once, and its own records are
    applied as the monitor does. docs/TRADE.md says how items are matched.

    Example: fxwatch trade show k1.0a3.5d41402abc4b2a76b9719d911017c592

    Example: fxwatch trade show k1.0a3.5d41402abc4b2a76b9719d911017c592 --json
    """
    settings, words = load_settings(), TRADE_WORDS[lang]
    zone = ZoneInfo(settings.effective.engine.time_zone)
    require_token(token)
    partition = partition_of(settings, token)
    history = read_trade(settings, token, partition, ReadingProgress(lang))
    effective = history.state.effective
    rulebook = None if effective is None else effective.rulebook
    if as_json and rulebook is not None:
        say_json(json.dumps(trade_text.trade_json(token, history, rulebook, zone), ensure_ascii=False))
        return
    say(words.party.format(party=token, partition=partition))
    if history.unusable:
        say(words.unusable.format(count=history.unusable))
    if rulebook is None or not history.book.packed():
        say(words.none)
        return
    if history.book.doubtful:
        say(words.doubtful.format(count=history.book.doubtful))
    items = trade_text.open_items(history, token)
    tables.show([*words.totals.values()], trade_text.total_rows(history, words), [*words.totals.values()][1:])
    if len(items) > limit:
        say(words.more.format(shown=limit, total=len(items)))
    titles = words.items
    if lang == "ko":
        titles = titles | {"time": f"{titles['time']}({korean.zone_name(zone)})"}
    numeric = [titles["age"], titles["left"], titles["amount"], titles["usd"]]
    tables.show([*titles.values()], trade_text.item_rows(items[:limit], zone, words), numeric, [titles["ledger"]])
    found = trade_text.matched(history, rulebook, zone)[-limit:]
    tables.show([*words.matches.values()], trade_text.match_rows(found, partition, words))
    tables.show([*words.months.values()], trade_text.month_rows(history), [*words.months.values()][1:])
