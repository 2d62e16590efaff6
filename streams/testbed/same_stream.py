"""Whether two results are of one stream: what every comparison of two versions rests on."""

from streams.errors import UsageError
from streams.testbed.result_files import LEDGER, Result


def require_same_stream(first: Result, second: Result) -> None:
    """Return when both are replays of the same input. Raises `UsageError` otherwise.

    The same are two replays of files of equal checksums, of one range of the ledger, and a replay of the other's own
    ledger files.
    """
    sources = first.manifest.source, second.manifest.source
    if first.manifest.partitions == second.manifest.partitions and (
        (sources[0].files and sources[0].files == sources[1].files)
        or (
            sources[0].topic is not None
            and sources[0].topic == sources[1].topic
            and sources[0].partitions == sources[1].partitions
        )
        or sources[1].files == _ledger_files(first)
        or sources[0].files == _ledger_files(second)
    ):
        return
    raise UsageError(
        "the two results are not replays of the same stream",
        got=f"{_source_told(first)} and {_source_told(second)}",
        expected="the same source files (by SHA-256) and number of partitions, or the same range of the ledger",
        todo="replay one stream twice, or `fxwatch testbed replay FIRST --config other.toml`",
    )


def _ledger_files(result: Result) -> dict[str, str]:
    """Digests of a result's own ledger files, by the names that a replay of them records."""
    found = {
        name.removeprefix(f"{LEDGER}/"): digest
        for name, digest in result.manifest.files.items()
        if name.startswith(f"{LEDGER}/")
    }
    assert found, "a result has a ledger"
    return found


def _source_told(result: Result) -> str:
    source = result.manifest.source
    files = ", ".join(f"{name} {digest[:12]}" for name, digest in sorted(source.files.items())[:3])
    return f"{result.directory} ({source.kind}: {files or source.topic}; {result.manifest.partitions} partitions)"
