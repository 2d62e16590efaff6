"""`fxwatch evidence`: proves that an alert's records are what the senders sent."""

import asyncio
import json
import os
from pathlib import Path

import click
import msgspec

from streams.cli.desk_options import ReadingProgress, language
from streams.desk.alert_lookup import find_alerts, require_prefix
from streams.desk_text.error_words import why
from streams.desk_text.proof_words import PROOF_WORDS
from streams.errors import NotReproducedError, OutOfReachError, UsageError
from streams.keys.commitments import EVIDENCE, EvidenceKeys, parse_evidence_keys
from streams.keys.pseudonyms import Key
from streams.keys.secret_files import read_secret_file
from streams.plain_text import tables
from streams.plain_text.languages import Language
from streams.plain_text.printable import say, say_json
from streams.proofs.evidence import Proved, count_verdicts, prove
from streams.settings import load_settings


@click.group()
def command() -> None:
    """Prove originals, and hand over the power to do so.

    Example: fxwatch evidence prove 5b0f4c27a1f2e0d4c58d0c1b8a7e9f36
    """


def _keys(path: Path | None) -> list[Key]:
    path = path or load_settings().key_file
    if path is None:
        raise UsageError(
            "originals are proven with the evidence keys",
            got="FXWATCH_KEY_FILE is not set",
            expected="a pseudonym key file, or what `fxwatch evidence keys` wrote",
            todo="set it, or say --key-file",
        )
    return parse_evidence_keys(read_secret_file(path, "key"), str(path))


@command.command("prove")
@click.argument("alert_id")
@click.option("--key-file", type=click.Path(path_type=Path), help="Pseudonym or evidence keys, else FXWATCH_KEY_FILE.")
@click.option(
    "--original",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A copy of one sender's record, byte for byte, instead of what the topics hold.",
)
@click.option(
    "--record-keys", is_flag=True, help="Show each proven record's key: with the original, others can check this one."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a record.")
@language
def prove_command(
    alert_id: str, key_file: Path | None, original: Path | None, *, record_keys: bool, as_json: bool, lang: Language
) -> None:
    """Hold each record of ALERT_ID's evidence to the bytes that its sender sent. The id's first digits are enough.

    The commitment stands in the alert and in the ledger, the original in its input topic as long as that keeps it.
    With --original a copy kept elsewhere is proven: exit code 0 when it is one of the alert's records. Otherwise 0 when
    all are proven, 1 when one differs, 3 when some cannot be checked (original, ledger record or key are not here).

    Example: fxwatch evidence prove 5b0f4c27a1f2e0d4c58d0c1b8a7e9f36 --key-file evidence.keys
    """
    alert_id = require_prefix(alert_id)
    keys, settings = EvidenceKeys(_keys(key_file)), load_settings()
    copy = None if original is None else original.read_bytes()
    (alert,) = find_alerts(settings, [alert_id], ReadingProgress(lang)).values()
    found = asyncio.run(prove(settings, alert.alert, keys, original=copy, show_keys=record_keys))
    _show(found, as_json=as_json, lang=lang)
    _require(found, copied=copy is not None)


def _show(found: list[Proved], *, as_json: bool, lang: Language = "en") -> None:
    if as_json:
        for one in found:
            say_json(json.dumps(msgspec.to_builtins(one), ensure_ascii=False))
        return
    rows, words = [], PROOF_WORDS[lang]
    for one in found:
        source = "" if one.source is None else f"{one.source.topic}[{one.source.partition}]@{one.source.offset}"
        known = one.record_key is None
        told = why(one.why, lang) if known else words.record_key.format(key=one.record_key)
        # as `ledger show` takes it
        ledger = "" if one.offset is None else f"{one.partition}:{one.offset}"
        rows.append([one.event_id, ledger, source, one.commitment[:24], words.verdicts[one.verdict], told])
    tables.show(list(words.columns.values()), rows, whole=[words.columns["commitment"]])


def _require(found: list[Proved], *, copied: bool) -> None:
    counts = count_verdicts(found)
    if counts["proven"] and (copied or counts["proven"] == len(found)):
        return
    told = ", ".join(f"{count} {verdict.replace('_', ' ')}" for verdict, count in counts.items() if count)
    if counts["differs"]:
        raise NotReproducedError(
            "evidence is not what the sender sent" if not copied else "this copy is none of the alert's records",
            got=told,
            expected="all proven",
            todo="look at the records named above; the input topic or the ledger was changed"
            if not copied
            else "check that the copy is byte for byte, key and headers left out",
        )
    raise OutOfReachError(
        "not all evidence could be checked, of the rest none differs",
        got=told,
        expected="originals, ledger records and keys",
        todo="see the last column; an older key file or a copy of the original helps",
    )


@command.command("keys")
@click.option("--key-file", type=click.Path(path_type=Path), help="The pseudonym keys; default FXWATCH_KEY_FILE.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The new file, mode 0600.")
def keys_command(key_file: Path | None, out: Path) -> None:
    """Write the evidence keys of the pseudonym keys to a file of their own.

    Whoever holds them can prove originals, and can try guesses at who is behind a record. They make no tokens and give
    no pseudonym key away. Keep them after a rotation: evidence of before is proven with the key of before.

    Example: fxwatch evidence keys --out evidence.keys
    """
    keys = _keys(key_file)
    text = "".join(f"{key.id} = {key.secret.hex()} {EVIDENCE}\n" for key in keys)
    try:
        with os.fdopen(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(text)
    except OSError as fault:
        raise UsageError(
            f"cannot write the evidence keys: {fault.strerror}",
            got=out,
            expected="a new file",
            todo="choose another name; keys are never overwritten",
        ) from fault
    say(f"{out}: evidence keys {', '.join(key.id for key in keys)}")
