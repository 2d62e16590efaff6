"""`fxwatch testbed search`: what a changed limit, budget or parameter would have done on a recorded ledger."""

import os
import shutil
from pathlib import Path
from typing import Any

import click

from streams.errors import FxwatchError
from streams.installation.extras import needs
from streams.plain_text import tables
from streams.plain_text.printable import say, say_json

_KEPT = {"configuration.json", "alerts.jsonl"}


@click.command(short_help="Replay history under changed limits and budgets.")
@click.argument("result", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--vary",
    "vary",
    multiple=True,
    required=True,
    metavar="PATH=VALUE,...",
    help="A path and the values it takes; several span a grid.",
)
@click.option(
    "--truth",
    "truth_place",
    type=click.Path(exists=True, path_type=Path),
    help="The stream's truth, where there is one: adds precision and recall.",
)
@click.option(
    "--out",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Directory for search.json, search.md and search.html.",
)
@click.option("--processes", type=click.IntRange(1), help="Processes [default: one a CPU].")
@click.option("--most", type=click.IntRange(1), default=200, show_default=True, help="The most combinations.")
@click.option("--keep", is_flag=True, help="Keep each combination's configuration and alerts in DIR/NNN/.")
@click.option("--json", "as_json", is_flag=True, help="search.json on standard output, on one line.")
@needs("testbed")
def command(
    result: Path,
    vary: tuple[str, ...],
    truth_place: Path | None,
    out: Path,
    processes: int | None,
    most: int,
    keep: bool,
    as_json: bool,
) -> None:
    """Replay RESULT's own ledger under every combination of the values, and tell what would have been alerted on.

    Where RESULT's ledger holds several configurations, each is varied in its own time.

    Paths: rules.T01.limits.NAME (of dated entries the one in force on the first day judged), rules.T01.enabled,
    detectors.daily_budget, exploration, rank_ceiling, most_by_chance, warm_up, calibration_window, seed;
    detectors.members (names joined by +), detectors.members.NAME.PARAMETER, detectors.weights.NAME (0 = learns, but
    does not count); engine.rate_stale_hours, lateness_days, case_window_days.

    For each combination: alerts, by typology, a day, USD at risk, and which alerts are new or gone against what was
    recorded; with --truth precision, recall and illicit USD found. Nothing but the tables is written.

    Example: fxwatch testbed search result/ --vary rules.T01.limits.pieces_min=3,4,5 --out search/

    Example: fxwatch testbed search result/ --truth stream/ --vary detectors.daily_budget=10,20,50 --out search/
    """
    import msgspec

    from streams.cli.testbed.stage_bars import StageBars
    from streams.testbed import search, search_page
    from streams.testbed.judge import lay
    from streams.testbed.result_files import read_result
    from streams.testbed.truth_files import read_truth

    varied = search.parse_dimensions(vary)
    told = read_result(result)
    grid = search.list_combinations(told, varied, most)
    ground = None if truth_place is None else lay(told, read_truth(truth_place))
    with StageBars() as stages:
        found = search.search(told, grid, ground, processes or os.cpu_count() or 1, stages)
    report = search.report(told, found, varied, judged=ground is not None)
    encoded = msgspec.json.encode(report)
    pages: dict[str, bytes] = {
        "search.json": msgspec.json.format(encoded, indent=2) + b"\n",
        "search.md": search_page.markdown(report).encode(),
        "search.html": search_page.html(report).encode(),
    }
    if keep:
        for number, one in enumerate(found.found):
            # the last one's configuration, where the ledger holds several
            pages[f"{number:03}/configuration.json"] = msgspec.json.encode(one.combination.configuration)
            pages[f"{number:03}/alerts.jsonl"] = b"".join(value + b"\n" for value in one.alerts)
    _write(out, pages)
    if as_json:
        say_json(encoded)
    else:
        _show(report, out)


def _write(out: Path, pages: dict[str, bytes]) -> None:
    """Write the files; what an earlier search kept of other combinations goes. Raises `FxwatchError`."""
    try:
        for path in _kept(out):
            if f"{path.name}/alerts.jsonl" not in pages:
                shutil.rmtree(path)
        for name, content in pages.items():
            (out / name).parent.mkdir(parents=True, exist_ok=True)
            (out / name).write_bytes(content)
    except OSError as fault:
        raise FxwatchError(
            f"the search cannot be written: {fault.strerror}", got=fault.filename, todo="choose a writable place"
        ) from fault


def _kept(out: Path) -> list[Path]:
    """The directories in which an earlier search kept a combination, and nothing else lies."""
    numbered = [path for path in out.glob("[0-9][0-9][0-9]*") if path.name.isdigit() and path.is_dir()]
    return [path for path in numbered if {one.name for one in path.iterdir()} == _KEPT]


def _show(report: dict[str, Any], out: Path) -> None:
    from streams.testbed import search_page

    names = search_page.columns(report)
    tables.show(names, search_page.rows(report), numeric=[name for name in names if name != "by typology"])
    say(search_page.introduction(report))
    for line in search_page.changes(report):
        say(f"  {line}")
    say(f"written to {out}")
