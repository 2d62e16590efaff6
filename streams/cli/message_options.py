"""Options of `fxwatch publish` for files of payment messages: what a message cannot say of itself."""

from collections.abc import Callable
from typing import Any

import click
import msgspec

from streams.errors import UsageError
from streams.ingest.formats.parameters import CHANNELS, PARTY_TYPES, Parameters, parameters

NAMES = tuple(field.name for field in msgspec.structs.fields(Parameters))


def message_options(command: Callable[..., None]) -> Callable[..., None]:
    """What a message cannot say of itself; only message files need them."""
    for option in reversed(
        (
            click.option("--resident-country", help="Messages: the reporting country, ISO 3166-1 alpha-2."),
            click.option("--party-type", type=click.Choice(PARTY_TYPES), help="Messages: what the resident party is."),
            click.option("--channel", type=click.Choice(CHANNELS), help="Messages: channel of the payments."),
            click.option("--institution", help="Messages: the reporting institution; default the resident side's BIC."),
            click.option("--local-currency", help="Messages: ISO 4217; without it no local side and no deal rate."),
            click.option(
                "--utc-offset", help="Messages: of the institution's clock, like +09:00, for times without one."
            ),
            click.option("--time-of-day", help="Messages: HH:MM for messages that carry a value date only."),
            click.option(
                "--order-date",
                help="Messages: YYYY-MM-DD on which messages without any time were ordered; else the value date.",
            ),
            click.option(
                "--institution-numbers",
                is_flag=True,
                help="Messages: let a customer number or else the account identify a party.",
            ),
            click.option(
                "--transaction-purpose",
                is_flag=True,
                help="Messages: let an ISO purpose or field 26T be the purpose code.",
            ),
        )
    ):
        command = option(command)
    return command


def read_given(told: dict[str, Any]) -> dict[str, str]:
    """The options that were given, as texts by parameter name."""
    held = {name: told[name] for name in NAMES if told[name] not in (None, False)}
    return {name: "true" if text is True else str(text) for name, text in held.items()}


def check_parameters(texts: dict[str, str]) -> Parameters:
    """The parameters. Raises `UsageError` naming every option that is missing or wrong."""
    made = parameters(texts)
    if isinstance(made, Parameters):
        return made
    wrong = [f"--{fault.field.rpartition('.')[2].replace('_', '-')}: {fault.expected}" for fault in made]
    raise UsageError(
        "message files need to be told what a message cannot say",
        got=" ".join(f"--{name.replace('_', '-')} {text}" for name, text in texts.items()) or "no options",
        expected="; ".join(wrong),
        todo="docs/FORMATS.md says what each is for",
    )
