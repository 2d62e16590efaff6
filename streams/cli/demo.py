"""`fxwatch demo`: see it work, in one command."""

import json
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from detectors.alert import Alert
from streams.extras import needs
from streams.settings import Settings, load_settings
from streams.showing import printable, say_json

if TYPE_CHECKING:
    from streams.render_labels import Language

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
    "--lang", type=click.Choice(["en", "ko"]), default="en", show_default=True, help="Language of the alerts."
)
@click.option("--json", "as_json", is_flag=True, help="Only the closing figures, as one JSON object.")
@needs("demo")
def command(events: int, rate: float, seed: int, lang: "Language", *, as_json: bool) -> None:
    """A real Kafka broker, two workers, a stream with planted cases, live alerts, a summary; then it stops everything.

    Example: fxwatch demo --events 20000 --rate 200
    """
    console = Console(stderr=as_json)
    settings = load_settings()
    _run(console, settings, events, rate, seed, lang, as_json=as_json)


def _run(
    console: Console, settings: Settings, events: int, rate: float, seed: int, lang: "Language", *, as_json: bool
) -> None:
    from streams import demo
    from streams.generator import Simulation
    from streams.pseudonyms import development_keys
    from streams.publish import publish_records

    keys = development_keys()
    directory = demo.demo_directory()
    console.print(f"logs and data: {directory}", style="dim", markup=False)
    try:
        with demo.cluster(
            settings, directory, lambda line: console.print(printable(line), style="dim", markup=False)
        ) as (running, workers):
            stream = Simulation(seed=seed, events=events, bad_share=0.01)
            with Progress(
                TextColumn("streaming"),
                BarColumn(),
                TaskProgressColumn(),
                TextColumn("{task.fields[alerts]} alerts"),
                TimeElapsedColumn(),
                console=console,
                transient=True,
            ) as bar:
                task = bar.add_task("stream", total=events, alerts=0)
                live = demo.LiveAlerts(running, _shower(bar, task, lang))
                live.start()
                began = time.monotonic()
                published = publish_records(
                    running,
                    stream,
                    rate,
                    lambda sent: bar.update(task, completed=sent),
                    stamps="now",
                    expected=events,
                )
                found = demo.wait_drained(workers, published.records)
                seconds = time.monotonic() - began
                alerts = live.finish()
            planted = demo.planted_found(stream.truth, alerts, lambda party: keys.pseudonym("party", party).token)
            figures = demo.summary(published.records, seconds, found, alerts, planted, workers)
            if as_json:
                say_json(json.dumps(figures))
            else:
                _print_summary(console, figures)
    except KeyboardInterrupt:
        console.print("interrupted; everything is stopped")
        raise click.exceptions.Exit(130) from None


def _teller(console: Console) -> Callable[[str], None]:
    return lambda line: console.print(printable(line), style="dim", markup=False)


def _shower(bar: Progress, task: TaskID, lang: "Language") -> Callable[[Alert], None]:
    from streams.render import headline, render

    shown = 0

    def show(alert: Alert) -> None:
        nonlocal shown
        shown += 1
        bar.update(task, alerts=shown)
        bar.console.print(render(alert, lang=lang) if shown <= FULL_ALERTS else headline(alert, lang=lang))

    return show


def _print_summary(console: Console, figures: dict[str, object]) -> None:
    table = Table(title="What happened", show_header=False)
    for name in (
        "sent",
        "read",
        "scored",
        "duplicates",
        "conflicts",
        "rejected",
        "reconciliation_gap",
        "alerts",
        "events_per_second",
    ):
        table.add_row(name.replace("_", " "), f"{figures[name]:,}")
    planted: dict[str, dict[str, int]] = figures["planted"]  # type: ignore[assignment]
    for typology, counts in sorted(planted.items()):
        table.add_row(f"planted {typology} found", f"{counts['found']} of {counts['planted']}")
    console.print(table)
    pages: list[str] = figures["metrics"]  # type: ignore[assignment]
    console.print("metrics page (until this command ends): " + ", ".join(pages))
    console.print("next: README.md; `fxwatch broker start --detach`, `fxwatch topics apply`, `fxwatch worker all`, "
                  "`fxwatch alerts follow`")  # fmt: skip
