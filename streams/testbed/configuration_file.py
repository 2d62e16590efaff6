"""A configuration file named on the command line: what a challenger changes, in the form of `FXWATCH_CONFIG`."""

import tomllib
from pathlib import Path

from detectors.contracts.configuration import Configuration
from streams.errors import ConfigurationError
from streams.settings import EFFECTIVE, Settings, overlay_configuration


def read_configuration_file(path: Path) -> Configuration:
    """The defaults overlaid with the file's tables `rules`, `legend`, `desks`, `detectors` and `engine`.

    Settings in the file (a broker's address, say) cannot change a score and are passed over. Raises
    `ConfigurationError` with every problem found.
    """
    try:
        tables = tomllib.loads(path.read_text("utf-8"))
    except OSError as fault:
        raise ConfigurationError(
            f"cannot read the configuration file: {fault.strerror}",
            got=path,
            expected="a readable TOML file",
            todo="correct --config",
        ) from fault
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        raise ConfigurationError(f"the configuration file is not TOML: {fault}", got=path) from fault
    unknown = [
        f"{path}: {name}: no such setting"
        for name in tables
        if name not in EFFECTIVE and name not in Settings.model_fields
    ]
    try:
        configuration = overlay_configuration({name: tables[name] for name in EFFECTIVE if name in tables})
    except ConfigurationError as fault:
        raise ConfigurationError(fault.what, [*fault.problems, *unknown], got=path, todo=fault.todo) from fault
    if unknown:
        raise ConfigurationError("the configuration is not valid", unknown, got=path, todo="mend each of these")
    return configuration
