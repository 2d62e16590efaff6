"""`fxwatch demo`: see it work, in one command."""

import contextlib
import json
import logging
import signal
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import click
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from detectors.contracts.alert import Alert
from streams.installation.extras import needs
from streams.plain_text import tables
from streams.plain_text.printable import make_printable, say, say_json
from streams.settings import Settings, load_settings

if TYPE_CHECKING:
    from streams.demo.place import DemoDirectory
    from streams.plain_text.languages import Language

# A terminal shows this many alerts in full; the rest one line each, or the stream would scroll past its own
# explanation.
FULL_ALERTS = 2
# Four weeks in 67 s. At 850 records a second half a day passed in 0.4 s: where one worker stood still that long,
# payments overtook their rates and could not be valued, and one demo of four found two planted cases too few.
RATE = 300.0


@click.command("demo")
@click.option("--events", type=click.IntRange(2000), default=20_000, show_default=True, help="Records to stream.")
@click.option("--rate", type=click.FloatRange(1), default=RATE, show_default=True, help="Records per second.")
@click.option("--seed", type=int, default=1, show_default=True)
@click.option(
    "--lang",
    type=click.Choice(["en", "ko"]),
    default="en",
    show_default=True,
    envvar="FXWATCH_LANG",
    help="Language of alerts and summary.",
)
@click.option("--keep", is_flag=True, help="Leave the broker's data and the logs, and say where.")
@click.option("--json", "as_json", is_flag=True, help="Only the closing figures, as one JSON object.")
@needs("demo")
def command(events: int, rate: float, seed: int, lang: "Language", *, keep: bool, as_json: bool) -> None:
    """A real Kafka broker, two workers, a stream with planted cases, live alerts, a summary; then it stops everything.

    Data and logs are removed at the end; --keep, or a failure, leaves them. What a killed demo left the next one
    removes. Kafka's jars stay in the user's cache.

    Example: fxwatch demo --events 20000 --rate 200
    """
    from streams.demo import place as demo_place

    # ended by a supervisor or by a closed terminal it stops and removes everything too
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    teller = _Teller(lang, as_json=as_json)
    for left, taken in demo_place.remove_leftovers():
        teller.aside(f"removed what a killed demo had left: {left} ({_size(taken)})")
    place = demo_place.DemoDirectory()
    teller.aside(f"logs and data: {place.directory}")
    try:
        _run(teller, place, load_settings(), events, rate, seed, as_json=as_json)
    except KeyboardInterrupt:
        # what was being sent is given up; asyncio would tell of each of its tasks
        logging.getLogger("asyncio").setLevel(logging.CRITICAL)
        _clear(teller, place, keep=keep)
        teller.say("interrupted; everything is stopped")
        raise click.exceptions.Exit(130) from None
    except Exception:
        _clear(teller, place, keep=True)
        raise
    _clear(teller, place, keep=keep)


def _clear(teller: "_Teller", place: "DemoDirectory", *, keep: bool) -> None:
    from streams.demo.broker.jars import cache_directory
    from streams.demo.place import measure_size

    if keep:
        teller.say(f"kept: {place.directory} ({_size(place.keep())}: the broker's data and the logs)")
    else:
        teller.say(f"removed: {place.directory} ({_size(place.remove())}: the broker's data and the logs)")
    cache = cache_directory()
    teller.say(f"kept for the next start: {cache} ({_size(measure_size(cache))}: Kafka's jars)")


def _size(taken: int) -> str:
    return f"{taken / 1_000_000:.0f} MB"


def _run(
    teller: "_Teller", place: "DemoDirectory", settings: Settings, events: int, rate: float, seed: int, *, as_json: bool
) -> None:
    from streams.demo import run
    from streams.demo.summary import tell_summary
    from streams.generator import Simulation
    from streams.keys.pseudonyms import development_keys
    from streams.publication.sending import publish_records

    keys = development_keys()
    with run.run_cluster(settings, place, teller.aside) as (running, workers):
        stream = Simulation(seed=seed, events=events, bad_share=0.01)
        with teller.bar(events) as sent_so_far:
            live = run.LiveAlerts(running, teller.show)
            live.start()
            began = time.monotonic()
            published = publish_records(running, stream, rate, sent_so_far, stamps="now", expected=events)
            found = run.wait_drained(workers, published.records)
            seconds = time.monotonic() - began
            alerts = live.finish()
        planted = run.count_planted_found(stream.truth, alerts, lambda party: keys.pseudonym("party", party).token)
        figures = run.sum_up(published.records, seconds, found, alerts, planted, workers)
        if as_json:
            say_json(json.dumps(figures))
        else:
            teller.say("\n".join(tell_summary(figures, settings.effective.detectors.warm_up, teller.lang)))


class _Teller:
    """Tells what happens: drawn in a terminal; in a pipe as plain lines, none of them wrapped. --json: on stderr."""

    def __init__(self, lang: "Language", *, as_json: bool) -> None:
        self.lang = lang
        self._err = as_json
        self._console = tables.make_console(stderr=as_json)
        self._drawn = self._console.is_terminal
        self._progress: Progress | None = None
        self._shown = 0

    def say(self, text: str) -> None:
        """Text of one or several lines."""
        say(text, err=self._err)

    def aside(self, line: str) -> None:
        """A line about the machinery, dim in a terminal."""
        self._console.print(make_printable(line), style="dim", markup=False, highlight=False)

    @contextlib.contextmanager
    def bar(self, events: int) -> Iterator[Callable[[int], None]]:
        """A progress bar meanwhile, where somebody can see it; yields what takes the number of records sent."""
        columns = (
            TextColumn("streaming"),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[alerts]} alerts"),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=self._console, transient=True, disable=not self._drawn) as self._progress:
            self._progress.add_task("stream", total=events, alerts=0)
            yield lambda sent: self._update(completed=sent)

    def _update(self, **changed: int) -> None:
        if self._progress is not None:
            self._progress.update(self._progress.task_ids[0], **changed)  # type: ignore[arg-type]

    def show(self, alert: Alert) -> None:
        """An alert: the first ones whole, then a line each."""
        from streams.alert_text.alert_text import headline, plain, render

        self._shown += 1
        self._update(alerts=self._shown)
        whole = self._shown <= FULL_ALERTS
        if self._drawn:
            self._console.print(render(alert, lang=self.lang) if whole else headline(alert, lang=self.lang))
        else:
            self.say(plain(alert, lang=self.lang) if whole else headline(alert, lang=self.lang).plain)
