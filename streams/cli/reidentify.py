"""`fxwatch reidentify`: opens the identity behind a token, on the record."""

import json
import os
from pathlib import Path

import click
import msgspec
from nacl.public import PrivateKey

from streams.access import audit_anchors, audit_log
from streams.errors import FxwatchError, UsageError
from streams.kafka import topic_reader, topics
from streams.keys.pseudonyms import is_token, slot_of
from streams.keys.sealed_identities import Identity, SealedIdentity, key_id, load_private_key, open_identity
from streams.plain_text.printable import make_printable, say, say_json
from streams.settings import Settings, load_settings

KIND = "reidentify"
_FAULTS_SHOWN = 20


class MalformedTokenError(UsageError):
    """What was given is not a token."""

    code = "token.malformed"


class UnknownTokenError(FxwatchError):
    """No identity is kept for this token."""

    code = "token.unknown"


class BrokenChainError(FxwatchError):
    """The audit log's chain of hashes does not hold."""

    code = "audit.broken"


def newest(settings: Settings, token: str) -> bytes:
    """The newest record of a token on `fx.identities.v1`. Raises `UnknownTokenError`.

    The token's own partition first, where ingest writes it; then the others, whoever wrote them. 8 us a record.
    """
    count = topic_reader.count_partitions_of(settings, [topics.IDENTITIES])[topics.IDENTITIES]
    own, key = slot_of(token) % min(count, settings.effective.engine.partitions), token.encode()
    for partitions in ([own], [each for each in range(count) if each != own]):
        # of one partition the last offset counts, as for compaction, whatever time stamp an input claimed
        found: dict[int, tuple[int, bytes]] = {}
        if not partitions:
            continue
        with topic_reader.Reader(settings, [topics.IDENTITIES], partitions) as reader:
            for tp, records in reader.read_to_end():
                for record in records:
                    if record.key == key and record.value:
                        found[tp.partition] = record.timestamp, record.value
        if found:
            return max(found.values())[1]
    raise UnknownTokenError(
        "no identity is kept for this token",
        got=token,
        expected=f"one of {topics.IDENTITIES}",
        todo="check the token; ingest seals only with FXWATCH_SEAL_KEY_FILE set",
    )


def _opened(settings: Settings, token: str, key_file: Path) -> tuple[Identity, SealedIdentity]:
    if not is_token(token):
        raise MalformedTokenError(
            "this is not a token",
            got=repr(token[:80]),
            expected="<key id>.<3 hex digits>.<32 hex digits>, as alerts show it",
            todo="copy the whole token from the alert",
        )
    private_key = load_private_key(key_file)
    value = newest(settings, token)
    return open_identity(value, private_key), msgspec.json.decode(value, type=SealedIdentity)


def _reidentify(token: str, case: str, reason: str, key_file: Path, *, as_json: bool) -> None:
    settings = load_settings()

    def record(outcome: str) -> audit_log.AuditReceipt:
        return audit_log.write(settings, KIND, token, case, reason, outcome)

    # fails here, before anything is opened, when there is no broker or no audit log to write to
    topic_reader.count_partitions_of(settings, [topics.AUDIT, topics.IDENTITIES])
    _require_anchored(settings)
    try:
        identity, sealed = _opened(settings, token, key_file)
    except FxwatchError as fault:
        _anchor(settings, record(f"refused: {fault.code}"))
        raise
    # the record and its anchor first: without them nothing is shown
    written = record("opened")
    _anchor(settings, written)
    if as_json:
        say_json(
            json.dumps(
                {
                    "token": token,
                    "identifier": identity.identifier,
                    "name_space": identity.name_space,
                    "first_seen": sealed.first_seen.isoformat(),
                    "key_id": sealed.key_id,
                    "case": case,
                    "audit": msgspec.to_builtins(written),
                },
                ensure_ascii=False,
            )
        )
        return
    say(make_printable(identity.identifier))
    say(
        f"{identity.name_space}, first seen {sealed.first_seen.isoformat()}; recorded at {written.topic}"
        f"[{written.partition}]@{written.offset}, sha256 {written.sha256}",
        err=True,
    )


def _log(settings: Settings) -> list[tuple[int, bytes]]:
    """The committed audit records: (offset, bytes)."""
    with topic_reader.Reader(settings, [topics.AUDIT], [audit_log.PARTITION]) as reader:
        return [(record.offset, record.value or b"") for _, batch in reader.read_to_end() for record in batch]


def _require_anchored(settings: Settings) -> None:
    """Raises `BrokenChainError` when the log is not what it was when it was anchored."""
    path = settings.audit_anchor_file
    if path is None:
        say(
            "fxwatch: FXWATCH_AUDIT_ANCHOR_FILE is not set: that the audit log's end was cut off, or all of it "
            "written anew, is not noticed",
            err=True,
        )
        return
    anchors = audit_anchors.read_anchors(path)
    values = _log(settings) if anchors else []
    if faults := [*audit_log.find_breaks(values), *audit_anchors.find_missing(values, anchors)]:
        raise _broken(faults)


def _broken(faults: list[str]) -> BrokenChainError:
    told = "\n  ".join(faults[:_FAULTS_SHOWN])
    return BrokenChainError(
        f"the audit log was changed:\n  {told}",
        todo="find out who did; restore the topic, or begin a new log and anchor file",
    )


def _anchor(settings: Settings, written: audit_log.AuditReceipt) -> None:
    if settings.audit_anchor_file is not None:
        audit_anchors.add_anchor(settings.audit_anchor_file, written.offset, written.sha256)


def _write(path: Path, content: str, mode: int) -> None:
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="ascii") as file:
            file.write(content + "\n")
    except OSError as fault:
        raise UsageError(
            f"cannot write a key file: {fault.strerror}",
            got=path,
            expected="a new file",
            todo="choose another directory; keys are never overwritten",
        ) from fault


def generate_keys(directory: Path) -> str:
    """Write `seal.pub` (for `FXWATCH_SEAL_KEY_FILE`) and `seal.key` (private, mode 0600); returns the key id.

    Raises `UsageError` when either file exists or cannot be written.
    """
    public, private = directory / "seal.pub", directory / "seal.key"
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise UsageError(f"cannot make the directory: {fault.strerror}", got=directory) from fault
    if public.exists():
        raise UsageError("a key file is there already", got=public, expected="a directory without it")
    key = PrivateKey.generate()
    _write(private, bytes(key).hex(), 0o600)
    _write(public, bytes(key.public_key).hex(), 0o644)
    return key_id(key.public_key)


def _generate(directory: Path, *, as_json: bool) -> None:
    name = generate_keys(directory)
    public, private = str(directory / "seal.pub"), str(directory / "seal.key")
    if as_json:
        say_json(json.dumps({"key_id": name, "public": public, "private": private}))
        return
    say(
        f"key id {name}\n{public}: for the ingest workers (FXWATCH_SEAL_KEY_FILE)\n"
        f"{private}: keep it away from the pipeline, with whoever may open identities"
    )


def _check_audit(*, as_json: bool) -> None:
    settings = load_settings()
    path = settings.audit_anchor_file
    anchors = [] if path is None else audit_anchors.read_anchors(path)
    values = _log(settings)
    faults = [*audit_log.find_breaks(values), *audit_anchors.find_missing(values, anchors)]
    head = (values[-1][0], audit_log.digest(values[-1][1])) if values else None
    if as_json:
        say_json(
            json.dumps(
                {
                    "records": len(values),
                    "whole": not faults,
                    "breaks": faults,
                    "anchors": len(anchors),
                    "head": head and {"offset": head[0], "sha256": head[1]},
                }
            )
        )
    else:
        say(f"{len(values)} audit records, {'chain whole' if not faults else 'chain BROKEN'}")
        say(
            f"head: {f'offset {head[0]}, sha256 {head[1]}' if head else 'none'}; {len(anchors)} anchors"
            + (" all stand" if anchors and not faults else ""),
            err=True,
        )
    if faults:
        raise _broken(faults)
    if path is not None and head is not None and all((each.offset, each.sha256) != head for each in anchors):
        audit_anchors.add_anchor(path, *head)


@click.command()
@click.argument("token", required=False)
@click.option("--case", help="The case it is opened for.")
@click.option("--reason", help="Why it must be opened.")
@click.option("--key-file", type=click.Path(path_type=Path), help="The re-identification private key (64 hex digits).")
@click.option(
    "--generate-keys",
    "directory",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Make a key pair instead: DIR/seal.pub and DIR/seal.key.",
)
@click.option(
    "--check-audit",
    is_flag=True,
    help="Check the audit log's chain, and the anchors of FXWATCH_AUDIT_ANCHOR_FILE, instead.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def command(
    token: str | None,
    case: str | None,
    reason: str | None,
    key_file: Path | None,
    directory: Path | None,
    check_audit: bool,
    as_json: bool,
) -> None:
    """Show the identifier behind TOKEN, after the decision was recorded in fx.audit.v1.

    Without an acknowledged audit record nothing is shown. Failed attempts are recorded too. With
    FXWATCH_AUDIT_ANCHOR_FILE each record is noted outside Kafka, and a log that was cut or rewritten is refused.

    Example: fxwatch reidentify TOKEN --case 2026-114 --reason "customs request 88" --key-file seal.key

    Example: fxwatch reidentify --generate-keys keys
    """
    if directory is not None:
        return _generate(directory, as_json=as_json)
    if check_audit:
        return _check_audit(as_json=as_json)
    if token is None or key_file is None or not (case or "").strip() or not (reason or "").strip():
        given = {"TOKEN": token, "--case": case, "--reason": reason, "--key-file": key_file}
        missing = [name for name, value in given.items() if value is None or not str(value).strip()]
        raise UsageError(
            "an identity is opened for a case, with a reason and the private key",
            expected=", ".join(missing),
            todo="see `fxwatch reidentify --help`",
        )
    assert case is not None
    assert reason is not None
    return _reidentify(token, case.strip(), reason.strip(), key_file, as_json=as_json)
