"""`fxwatch topics`: the topic table against the cluster."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import click
import msgspec

from streams.kafka.topics import Topic, TopicDifference, apply, connect, find_differences, table
from streams.kafka.topics.acls import ROLES, Grant, Role
from streams.kafka.topics.table import DAY_MS, HOUR_MS
from streams.plain_text import tables
from streams.plain_text.printable import say, say_json
from streams.settings import Settings

# narrower, the words of who writes and who reads would be broken every few letters
TABLE_COLUMNS = 140
STYLES = {"created": "green", "corrected": "green", "missing": "red", "differs": "red"}


@click.group()
def command() -> None:
    """Compare the cluster's topics with the topic table, and bring them into line.

    Example: fxwatch topics apply
    """


_json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


@command.command("apply")
@_json_option
def apply_command(*, as_json: bool) -> None:
    """Create missing topics, correct their settings, and write the first configuration into an empty ledger.

    Also adds partitions where too few are, and claims the topics for this application (FXWATCH_APPLICATION). Never
    deletes a topic, takes a partition away, or moves a record.

    Example: fxwatch topics apply
    """
    from streams.ledger.configuration_records import plant
    from streams.partition import application_claim
    from streams.settings import load_settings

    settings = load_settings()
    with connect(settings) as admin:
        mended = apply(admin, settings)
        planted = plant(settings, admin)
    application_claim.require(settings)
    if as_json:
        say_json(json.dumps({"mended": msgspec.to_builtins(mended), "planted": planted}))
        return
    _print(settings, mended, "created", "corrected")
    created = sum(each.aspect == "topic" for each in mended)
    corrected = len({each.topic for each in mended if each.aspect != "topic"})
    say(
        f"{created} topics created, {corrected} corrected; "
        f"the configuration was written to {len(planted)} empty ledger partitions"
    )


@command.command("diff")
@_json_option
@click.pass_context
def diff_command(context: click.Context, *, as_json: bool) -> None:
    """Show where the cluster differs from the topic table. Exit code 1 when it does.

    Example: fxwatch topics diff
    """
    from streams.settings import load_settings

    settings = load_settings()
    with connect(settings) as admin:
        differences = find_differences(admin, settings)
    if as_json:
        say_json(json.dumps({"differences": msgspec.to_builtins(differences)}))
    else:
        _print(settings, differences, "missing", "differs")
        for each in differences:
            if each.aspect != "topic":
                say(str(each))
        say(f"{len(differences)} differences; to do: fxwatch topics apply" if differences else "no differences")
    context.exit(1 if differences else 0)


@command.command("take-over")
@_json_option
def take_over_command(*, as_json: bool) -> None:
    """Make FXWATCH_APPLICATION the name of the application whose topics these are.

    Refused while workers of the former name run. Workers of the new name read every input from the start; what the
    former ones took in is dropped as redelivered.

    Example: FXWATCH_APPLICATION=fxwatch-b fxwatch topics take-over
    """
    from streams.partition import application_claim
    from streams.settings import load_settings

    settings = load_settings()
    former = application_claim.take_over(settings)
    name = former.name if former is not None else None
    if as_json:
        say_json(json.dumps({"application": settings.application, "former": name}))
        return
    say(f"these topics are {settings.application}'s" + (f", no more {name}'s" if name else ""))


@command.command()
@click.option(
    "--role",
    "chosen",
    multiple=True,
    type=click.Choice(list(ROLES)),
    help="Only this role; may be given again. Default: all that the table names.",
)
@click.option(
    "--principal",
    "given",
    multiple=True,
    metavar="ROLE=User:NAME",
    help="Who has a role; may be given again. Default: User:fxwatch-ROLE.",
)
@click.option("--apply", "apply_them", is_flag=True, help="Grant what is missing. Without it nothing is changed.")
@click.option("--commands", "as_commands", is_flag=True, help="Print commands of Kafka's kafka-acls.sh.")
@_json_option
def acls(
    chosen: tuple[str, ...], given: tuple[str, ...], *, apply_them: bool, as_commands: bool, as_json: bool
) -> None:
    """Show, or grant, what each role may do on the cluster: one principal a role, from the topic table.

    With --apply the cluster must have an authorizer and this client must be its administrator. What is granted already
    stays; nothing is ever taken away.

    Example: fxwatch topics acls --role monitor --principal monitor=User:CN=monitor --apply
    """
    from streams.kafka.topics import acls as rights
    from streams.kafka.topics.granting import grant, make_entries
    from streams.settings import load_settings

    settings = load_settings()
    who = rights.principals(settings, given)
    roles = chosen or tuple(role for role in ROLES if role not in rights.ON_REQUEST)
    wanted = [one for one in rights.list_grants(settings) if one.role in roles]
    created: list[Any] = []
    others: list[Any] = []
    if apply_them:
        with connect(settings) as admin:
            created, others = grant(admin, make_entries(wanted, who))
    if as_json:
        say_json(
            json.dumps(
                {
                    "grants": [{**msgspec.to_builtins(one), "principals": who[one.role]} for one in wanted],
                    "applied": apply_them,
                    "created": len(created),
                    "others": [repr(one) for one in others],
                }
            )
        )
        return
    if as_commands:
        for line in rights.write_commands(wanted, who, settings.bootstrap):
            say(line)
    else:
        _print_grants(wanted, who)
    for one in others:
        say(f"not from the table, left as it is: {one!r}", err=True)
    if apply_them:
        say(f"{len(created)} entries granted, {len(make_entries(wanted, who)) - len(created)} were there", err=True)


def _print_grants(wanted: list[Grant], who: Mapping[Role, Sequence[str]]) -> None:
    rows = [
        (
            one.role,
            " ".join(who[one.role]),
            one.resource,
            f"{one.name}*" if one.prefixed else one.name,
            ", ".join(one.operations),
        )
        for one in wanted
    ]
    tables.show(("role", "principal", "resource", "name", "may"), rows, whole=("principal", "name"))


def _kept(topic: Topic, settings: Settings) -> str:
    if topic.keep == "compacted":
        return "newest per key"
    kept = int(topic.configuration(settings)["retention.ms"])
    if kept < DAY_MS:
        return "for ever" if kept < 0 else f"{kept / HOUR_MS:.3g} hour{'' if kept == HOUR_MS else 's'}"
    return f"{kept / DAY_MS:.3g} days"


def _print(settings: Settings, differences: list[TopicDifference], missing: str, differing: str) -> None:
    rows: list[Sequence[str]] = []
    for row in table(settings):
        aspects = {each.aspect for each in differences if each.topic == row.name}
        state = "as it should be" if not aspects else missing if "topic" in aspects else differing
        rows.append((row.name, str(row.partitions), _kept(row, settings), row.key, row.writers, row.readers, state))
    columns: Sequence[str] = ("topic", "partitions", "kept", "key", "written by", "read by", "state")
    narrow = tables.is_terminal() and tables.make_console().width < TABLE_COLUMNS
    if narrow:
        columns, rows = (*columns[:3], columns[-1]), [(*row[:3], row[-1]) for row in rows]
    # names are copied and searched for, so they stay whole
    tables.show(columns, rows, numeric=("partitions",), whole=("topic",), styles=STYLES)
    if narrow:
        say(f"keys, who writes and who reads: in a terminal of {TABLE_COLUMNS} columns, or `| cat`", err=True)
