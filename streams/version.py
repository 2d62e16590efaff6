"""Versions: of the code, and of everything beside the events that can change a score."""

from functools import cache
from importlib import metadata

from detectors.contracts.alert import Versions
from detectors.contracts.configuration import Configuration, fingerprint


@cache
def code_version() -> str:
    """Release of the installed package `fxwatch`, as its metadata states it."""
    return metadata.version("fxwatch")


def versions(effective: Configuration) -> Versions:
    """Code release; fingerprints of the effective configuration, its detector set and its rules. About 0.2 ms."""
    return Versions(
        code=code_version(),
        config=fingerprint(effective),
        detectors=fingerprint(effective.detectors),
        rules=fingerprint(effective.rules),
    )
