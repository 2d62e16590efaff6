"""A small simulated stream with planted cases, replayed: what gate, search and exercise are tested on."""

from pathlib import Path
from typing import Any

from streams.generator import Simulation
from streams.settings import overlay_configuration
from streams.testbed import replay
from streams.testbed.prepared import Silent
from streams.testbed.result_files import Manifest
from streams.testbed.stream_files import write_stream
from streams.testbed.truth_files import NAME

# Two partitions and a short warm-up, so that the models rank most of the stream.
PARTITIONS = 2
# a whole data sheet of the library
SHEET = """
purpose = "tests of the library"
make_up = "a simulated stream"
origin = "the generator, seed 7"
limits = "nobody in it exists"
licence = "CC0-1.0"
"""
BASE: dict[str, Any] = {"detectors": {"warm_up": 100}}


def simulate(directory: Path, records: int, residents: int, seed: int = 7, **more: Any) -> Path:
    """A stream directory with its truth; `more` as the generator takes it."""
    simulation = Simulation(seed, records, residents=residents, **more)
    write_stream(list(simulation), directory)
    (directory / NAME).write_bytes(simulation.truth.lines())
    return directory


def replayed(
    stream: Path, out: Path, tables: dict[str, Any] | None = None, *, partitions: int = PARTITIONS
) -> Manifest:
    """The stream replayed in this process; `tables` overlay the defaults."""
    configuration = overlay_configuration(BASE if tables is None else tables)
    return replay.replay(
        replay.prepare_stream(stream, configuration, partitions), out, processes=1, force=False, stages=Silent()
    )
