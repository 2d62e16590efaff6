"""The command line `fxwatch`: one file a command.

Names of commands and options are fixed: outsiders script against them (DESIGN section 7).

Exit codes: 0 done, 1 failed, 2 wrong use or configuration, 3 done in part (`rescore`, `evidence prove`: not all could
be checked; `publish --partial`: not all was sent; `dispose`: sent and not yet taken in), 130 interrupted. An error is
one message on standard error, never a traceback.
"""

import importlib
import itertools
import json
import logging
import os
import sys
import tempfile
import traceback
from types import ModuleType

import click

from streams.cli.lazy_group import LazyGroup
from streams.errors import FxwatchError
from streams.installation.extras import missing_library
from streams.plain_text.printable import say, say_json

# command -> (module, one line for --help); modules are imported only when their command runs, so that --help is instant
COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("streams.cli.demo", "A broker, workers, a stream and live alerts, in one command."),
    "broker": ("streams.cli.broker", "The embedded Apache Kafka broker: start, stop, status."),
    "topics": ("streams.cli.topics", "The topic table against the cluster: apply, diff, acls, take-over."),
    "worker": ("streams.cli.worker", "Run a worker: ingest, monitor, shared, or all."),
    "rules": (
        "streams.cli.rules",
        "The configuration in force: show, check, diff, apply, propose, approve, stop, resume.",
    ),
    "simulate": ("streams.cli.simulate", "The built-in stream, with planted cases."),
    "testbed": ("streams.cli.testbed", "Judge detectors on labelled streams and history, without Kafka."),
    "publish": ("streams.cli.publish", "Publish JSON lines and payment messages, or check them."),
    "alerts": ("streams.cli.alerts", "What an investigator reads: list, show, follow."),
    "cases": ("streams.cli.cases", "Alerts that belong together: list, show."),
    "kpi": ("streams.cli.kpi", "What became of the alerts: hit rates, and the won found and confirmed by month."),
    "shadow": ("streams.cli.shadow", "Challengers beside the detector set in force: compare."),
    "dispose": ("streams.cli.dispose", "An officer's verdict on alerts, sent and seen to be taken in."),
    "snooze": ("streams.cli.snooze", "Let a party's alerts of a typology rest, on the record: add, list, end."),
    "party": ("streams.cli.party", "A party's history, alerts and cases."),
    "trade": ("streams.cli.trade", "A trader's declarations and payments, matched and open: show."),
    "screens": ("streams.cli.screens", "Who meets a supervisor's published test, by month, and why."),
    "ledger": ("streams.cli.ledger", "A ledger record in words: show."),
    "deadletter": ("streams.cli.deadletter", "Rejected records: list, replay."),
    "state": ("streams.cli.state", "The learned state: digest."),
    "reconcile": ("streams.cli.reconcile", "Prove from the topics that no input was lost."),
    "institutions": ("streams.cli.institutions", "What institutions merely say of their payments, compared."),
    "rescore": ("streams.cli.rescore", "Prove that an alert follows from the ledger, bit for bit."),
    "evidence": ("streams.cli.evidence", "Prove that an alert's records are what was sent: prove, keys."),
    "reidentify": ("streams.cli.reidentify", "Open the identity behind a token, on the record."),
    "skip": ("streams.cli.skip", "Record an operator's decision to skip a ledger position."),
    "acknowledge": ("streams.cli.acknowledge", "Settle that input records were deleted unread."),
    "schemas": ("streams.cli.schemas", "Write the JSON Schemas generated from the code's types."),
    "deploy": ("streams.cli.deploy", "Take rules, dashboard, Compose files and locks out of the package: write."),
    "precheck": ("streams.cli.precheck", "What the law will ask of a payment that is not ordered yet."),
    "doctor": ("streams.cli.doctor", "What this machine has and lacks."),
    "version": ("streams.cli.version", "Versions of code, configuration, rules and detectors."),
}


@click.command(cls=LazyGroup, lazy=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
def command() -> None:
    """Watch foreign-exchange transactions and explain which ones an investigator should look at.

    Example: fxwatch demo
    """


def _silence_libraries() -> None:
    """What they would print beside our one message is said by it, in words. A worker sets its own log up."""
    for library in ("aiokafka", "kafka"):
        logging.getLogger(library).setLevel(logging.CRITICAL)


def main() -> None:
    """Entry point of the console script; turns errors into one message and an exit code."""
    _silence_libraries()
    try:
        outcome = command(standalone_mode=False)  # click hands back the code of `Context.exit` instead of raising it
        if isinstance(outcome, int):
            sys.exit(outcome)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.Abort:
        say("interrupted", err=True)
        sys.exit(130)
    except click.ClickException as error:
        sys.exit(_shown(error))
    except FxwatchError as error:
        sys.exit(_told(error))
    except ModuleNotFoundError as fault:
        lacking = missing_library(fault)
        sys.exit(_told(lacking) if lacking else _fault(fault))
    except KeyboardInterrupt:
        say("interrupted", err=True)
        sys.exit(130)
    except BrokenPipeError:
        # the reader of our output (head, less) went away; that is its right
        sys.stderr.close()
        sys.exit(0)
    except Exception as fault:  # noqa: BLE001  (a fault of ours: still one message, and nothing of it is lost)
        sys.exit(_fault(fault))


def _shown(error: click.ClickException) -> int:
    """The exit code of a wrong use, after its message."""
    if not isinstance(error, click.UsageError):
        error.show()
        return 1
    # a group called without a command has its help to show, in lines of its own
    if _korean() and not isinstance(error, click.exceptions.NoArgsIsHelpError):
        say(f"fxwatch: {_error_words().usage_in_korean(error)}", err=True)
    else:
        error.show()
    return 2


def _korean() -> bool:
    """Whether Korean was asked for: by --lang, else by FXWATCH_LANG. A file of settings is not read for an error."""
    words = [word for before, now in itertools.pairwise(sys.argv) for word in (f"{before}={now}", now)]
    asked = [word.removeprefix("--lang=") for word in words if word.startswith("--lang=")]
    return (asked[-1] if asked else os.environ.get("FXWATCH_LANG")) == "ko"


def _error_words() -> ModuleType:
    """Imported where something went wrong only, as commands are: --help stays instant."""
    return importlib.import_module("streams.desk_text.error_words")


def _told(error: FxwatchError) -> int:
    """The exit code of an error, after its message."""
    if "--json" in sys.argv:
        say_json(json.dumps(error.fields, default=str), err=True)
    else:
        korean = _error_words().error_in_korean(error) if _korean() else None
        say(f"fxwatch: {korean or error.message}", err=True)
    return error.exit_code


def _fault(fault: Exception) -> int:
    """The exit code of a fault of ours, after its message."""
    say(f"fxwatch: {_unexpected(fault)}", err=True)
    return 1


def _unexpected(fault: Exception) -> str:
    """One message for a fault in fxwatch itself; the traceback goes to a file of its own that the message names."""
    trace = "".join(traceback.format_exception(fault))
    try:
        with tempfile.NamedTemporaryFile("w", prefix="fxwatch-fault-", suffix=".txt", delete=False) as file:
            file.write(trace)
    except OSError as refusal:
        where = f"the traceback could not be written: {refusal}"
    else:
        where = f"the traceback is in {file.name}"
    return f"unexpected fault: {fault!r}; this is a bug in fxwatch; to do: report it, {where}"
