"""The truth of a stream, from its file or from the directory that holds it."""

from pathlib import Path

from detectors.testbed.truth import Truth, TruthFaultsError, decode_truth
from streams.errors import UsageError

NAME = "truth.jsonl"
_FAULTS_SHOWN = 20


def read_truth(place: Path) -> Truth:
    """The truth at a file, or in a directory's `truth.jsonl`. Raises `UsageError` with the faults of the file."""
    path = place / NAME if place.is_dir() else place
    try:
        with path.open("rb") as lines:
            return decode_truth(lines)
    except OSError as fault:
        raise UsageError(
            f"cannot read the truth: {fault.strerror}", got=path, expected=f"a truth file, or a directory with {NAME}"
        ) from fault
    except TruthFaultsError as fault:
        shown = [str(one) for one in fault.faults[:_FAULTS_SHOWN]]
        more = [f"... and {len(fault.faults) - _FAULTS_SHOWN} more"] if len(fault.faults) > _FAULTS_SHOWN else []
        told = "\n".join(f"  - {one}" for one in (*shown, *more))
        raise UsageError(f"the truth cannot be used:\n{told}\n", got=path, todo="mend these lines") from fault
