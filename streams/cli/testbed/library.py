"""`fxwatch testbed library`: versioned sets of test data, with checksums and data sheets."""

import json
import shutil
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from streams.errors import UsageError
from streams.installation.extras import needs
from streams.plain_text import tables
from streams.plain_text.printable import make_printable, say, say_json

if TYPE_CHECKING:
    from streams.testbed.excerpt import Taken
    from streams.testbed.library import Set

_PLACE = click.option(
    "--dir",
    "place",
    type=click.Path(file_okay=False, path_type=Path),
    help="The library [FXWATCH_TESTBED_LIBRARY, else ~/.local/share/fxwatch/testbed].",
)
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_SHEET = click.option(
    "--sheet",
    "sheet_file",
    required=True,
    type=_FILE,
    help="Data sheet, TOML: purpose, make_up, origin, limits, licence.",
)
_VERSION = click.option("--version", "version", default="1", show_default=True, help="Numbers such as 1 or 1.2.")
_JSON = click.option("--json", "as_json", is_flag=True, help="JSON on standard output.")
_SOURCE = click.Path(exists=True, file_okay=False, path_type=Path)
# Twenty years: nobody needs more, and no time stamp of a ledger falls before 1970.
_MOST_WEEKS = 1040


@click.group(short_help="Versioned sets of test data, with data sheets.")
def command() -> None:
    """Keep versioned sets: packs (labelled streams) and re-keyed excerpts of a recorded ledger.

    Example: fxwatch testbed library list
    """


@command.command("list")
@_PLACE
@_JSON
@needs("testbed")
def list_sets(place: Path | None, as_json: bool) -> None:
    """Every set of the library.

    Example: fxwatch testbed library list --json
    """
    import msgspec

    from streams.testbed import library

    found = library.list_sets(library.root(place))
    if as_json:
        say_json(msgspec.json.encode(found))
        return
    rows = [[one.name, one.version, one.kind, f"{len(one.files):,}", _size(one), one.checksum[:16]] for one in found]
    tables.show(["name", "version", "kind", "files", "bytes", "checksum"], rows, ["files", "bytes"], ["checksum"])


def _size(told: "Set") -> str:
    return f"{sum(one.bytes for one in told.files.values()):,}"


@command.group()
def add() -> None:
    """Add a set: a pack or an excerpt.

    Example: fxwatch testbed library add pack spring --stream stream/ --sheet sheet.toml
    """


@add.command()
@click.argument("name")
@_VERSION
@_SHEET
@click.option("--stream", type=_SOURCE, help="A stream directory with its truth.jsonl.")
@click.option("--events", type=click.IntRange(2000), help="Instead: generate so many records of the preset `full`.")
@click.option("--seed", default=1, show_default=True, help="Seed of the generator; the set can be made again from it.")
@_PLACE
@_JSON
@needs("testbed")
def pack(
    name: str,
    version: str,
    sheet_file: Path,
    stream: Path | None,
    events: int | None,
    seed: int,
    place: Path | None,
    as_json: bool,
) -> None:
    """Add a labelled stream: a directory with truth, or what the generator makes of its arguments.

    Example: fxwatch testbed library add pack spring --events 20000 --seed 7 --sheet sheet.toml
    """
    from streams.testbed import library

    if (stream is None) == (events is None):
        raise UsageError("say what the pack is made of", expected="--stream DIR or --events N")

    sheet = library.read_sheet(sheet_file)

    def fill(directory: Path) -> tuple[dict[str, Any], Any]:
        made = _copied(stream, directory) if stream is not None else _generated(events or 0, seed, directory)
        return made, sheet

    told = library.add(library.root(place), name, version, "pack", fill)
    _added(told, as_json=as_json)


def _copied(stream: Path, directory: Path) -> dict[str, Any]:
    from streams.testbed import stream_files
    from streams.testbed.result_files import sha256_of
    from streams.testbed.truth_files import NAME, read_truth

    read_truth(stream)
    for path in (*stream_files.topic_files(stream).values(), stream / NAME):
        shutil.copyfile(path, directory / path.name)
    stream_files.require_as_made(stream, {path.name: sha256_of(path) for path in directory.iterdir()})
    made_by = stream / stream_files.ABOUT
    return {"made_by": json.loads(made_by.read_bytes())} if made_by.is_file() else {}


def _generated(events: int, seed: int, directory: Path) -> dict[str, Any]:
    from streams.generator import Simulation
    from streams.testbed.stream_files import write_stream
    from streams.testbed.truth_files import NAME
    from streams.version import code_version

    simulation = Simulation(seed, events, preset="full")
    write_stream(simulation, directory)
    (directory / NAME).write_bytes(simulation.truth.lines())
    return {"generator": {"preset": "full", "events": events, "seed": seed, "code": code_version()}}


@add.command()
@click.argument("name")
@click.option("--from", "source", required=True, type=_SOURCE, help="A replay's result, or its ledger/ directory.")
@_VERSION
@_SHEET
@click.option("--parties", multiple=True, metavar="TOKEN", help="A party that is taken; may be given many times.")
@click.option("--share", type=click.FloatRange(0, 1, min_open=True), help="Instead: this share of all parties.")
@click.option("--seed", type=int, help="Which parties --share takes; not recorded [default: drawn at random].")
@click.option("--since", type=datetime.fromisoformat, help="From this time on (ISO 8601 with an offset).")
@click.option("--until", type=datetime.fromisoformat, help="Up to this time, exclusive.")
@click.option(
    "--shift-weeks",
    type=click.IntRange(-_MOST_WEEKS, _MOST_WEEKS),
    default=0,
    show_default=True,
    help="Move all times by whole weeks; limits stay dated. Not recorded.",
)
@_PLACE
@_JSON
@needs("testbed")
def excerpt(  # noqa: PLR0917 - click passes options by name
    name: str,
    source: Path,
    version: str,
    sheet_file: Path,
    parties: tuple[str, ...],
    share: float | None,
    seed: int | None,
    since: datetime | None,
    until: datetime | None,
    shift_weeks: int,
    place: Path | None,
    as_json: bool,
) -> None:
    """Add some parties and some time of a recorded ledger, under new tokens and ids.

    An excerpt is confidential to the same degree as the ledger: its tokens cannot be joined by name, for their key is
    drawn anew and thrown away, but amounts, times (a shift by weeks changes little), countries, institutions and
    profiles' figures stay exact, and a known payment can be recognised by them, and with it its party.

    With --since, the newest earlier profile of each party comes along; what else the range cuts is counted and told.

    Replay it with `fxwatch testbed replay .../files/ledger --out result/`. A live ledger is recorded first:
    `fxwatch testbed replay ledger --cold --out live/`.

    Example: fxwatch testbed library add excerpt autumn --from live/ --share 0.05 --sheet sheet.toml
    """
    from streams.testbed import excerpt as excerpts
    from streams.testbed import library

    for bound in (since, until):
        if bound is not None and bound.tzinfo is None:
            raise UsageError(
                "a time without an offset is no point in time",
                got=bound.isoformat(),
                expected="such as 2026-04-20T00:00:00+09:00",
            )
    choice = excerpts.Choice(parties, share, seed, since, until, shift_weeks)

    sheet = library.read_sheet(sheet_file)

    def fill(directory: Path) -> tuple[dict[str, Any], Any]:
        taken = excerpts.write(source, directory, choice)
        return {**taken._asdict(), "shifted": shift_weeks != 0}, _with_limits(sheet, taken, shifted=shift_weeks != 0)

    told = library.add(library.root(place), name, version, "excerpt", fill)
    _added(told, as_json=as_json)
    if not as_json:
        taken = told.arguments
        say(f"{taken['records']:,} records of {taken['parties']:,} parties, {taken['rates']:,} rates")
        say(_cut(taken["cut"], taken["dropped"], taken["carried"]))


def _with_limits(sheet: Any, taken: "Taken", *, shifted: bool) -> Any:
    """The sheet with what an excerpt's reader must know in any case."""
    import msgspec

    moved = " All times were moved by a number of whole weeks that is not recorded." if shifted else ""
    always = (
        "The excerpt is confidential to the same degree as the ledger that it was taken from. Identifiers are "
        "re-keyed with a key that was thrown away, so that tokens cannot be joined by name; amounts, times, "
        "countries, institutions and profiles' figures are exact, so that a known payment can be recognised, and "
        f"with it its party.{moved} Verdicts name alerts of the original ledger. Rates and configurations are "
        f"those of its first partition. {_cut(taken.cut, taken.dropped, taken.carried)}"
    )
    return msgspec.structs.replace(sheet, limits=f"{sheet.limits} {always}")


def _cut(cut: dict[str, int], dropped: int, carried: int) -> str:
    """What an excerpt's range cut off, in words."""
    kinds = ", ".join(f"{kind} {count:,}" for kind, count in cut.items()) or "nothing"
    return (
        f"Outside the range, of the parties taken and of rates, was left out: {kinds}; {dropped:,} records "
        f"delivered again, whose first delivery was left out; {carried:,} profiles from before the range were "
        "kept, the newest of each party."
    )


def _added(told: "Set", *, as_json: bool) -> None:
    import msgspec

    if as_json:
        say_json(msgspec.json.encode(told))
    else:
        say(f"added {told.name} {told.version} ({told.kind}): {len(told.files):,} files, {_size(told)} bytes")
        say(f"checksum {told.checksum}")


@command.command()
@click.argument("name")
@click.option("--version", "version", help="[default: the newest]")
@_PLACE
@_JSON
@needs("testbed")
def show(name: str, version: str | None, place: Path | None, as_json: bool) -> None:
    """A set's data sheet, files and checksums.

    Example: fxwatch testbed library show spring
    """
    import msgspec

    from streams.testbed import library

    home, told = library.find(library.root(place), name, version)
    sheet = msgspec.structs.asdict(library.read_sheet(home / library.SHEET))
    if as_json:
        say_json(msgspec.json.encode({**msgspec.to_builtins(told), "sheet": sheet, "place": str(home)}))
        return
    say(f"{told.name} {told.version} ({told.kind}), {home}\nchecksum {told.checksum}")
    for field, text in sheet.items():
        say(f"{field.replace('_', '-')}: {make_printable(text)}")
    rows = [[file, f"{one.bytes:,}", one.sha256] for file, one in told.files.items()]
    tables.show(["file", "bytes", "sha256"], rows, ["bytes"])


@command.command()
@click.argument("name", required=False)
@click.option("--version", "version", help="[default: every version]")
@_PLACE
@_JSON
@needs("testbed")
def verify(name: str | None, version: str | None, place: Path | None, as_json: bool) -> None:
    """Recompute the checksums of a set, or of all sets.

    Example: fxwatch testbed library verify
    """
    from streams.testbed import library

    home = library.root(place)
    if name is not None:
        library.find(home, name, version)
    chosen = [one for one in library.list_sets(home) if name in {None, one.name} and version in {None, one.version}]
    found = {f"{one.name} {one.version}": library.find_faults(home / one.name / one.version, one) for one in chosen}
    if as_json:
        say_json(json.dumps(found))
    wrong = {told: faults for told, faults in found.items() if faults}
    if wrong:
        lines = "\n".join(f"  - {told}: {'; '.join(faults)}" for told, faults in wrong.items())
        raise library.LibraryError(
            f"sets are not as they were added:\n{lines}\n",
            got=home,
            todo="restore them from a backup, or add them again as a new version",
        )
    if not as_json:
        say(f"{len(found):,} sets are as they were added, byte for byte")
