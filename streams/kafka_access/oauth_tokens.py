"""OAUTHBEARER tokens: from a file that something renews, or from a command that prints one.

A file is read for each connection. A command's token is kept until shortly before it ends, and its process sees no
secret of fxwatch. What it prints is a token, or the answer of a token end point (RFC 6749, section 5.1).
"""

import asyncio
import base64
import binascii
import json
import shlex
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from aiokafka.abc import AbstractTokenProvider
from kafka.net.sasl.oauth import AbstractTokenProvider as BlockingTokenProvider

from streams.errors import AuthenticationError
from streams.kafka_access.secrets import HiddenText
from streams.keys.secret_files import read_secret_file

COMMAND_SECONDS = 10.0
"""How long the command may take. A connection waits for it."""

# A token is renewed when a fifth of its life is left, or a minute: clocks differ, and a connection takes a moment.
SHARE_LEFT, SECONDS_LEFT = 0.2, 60.0
# One that does not say when it ends: used again within this time, because many connections begin at once.
UNKNOWN_SECONDS = 60.0

_PARTS_OF_A_JWT = 3


class Token(NamedTuple):
    """A token and the time it ends, seconds since 1970 UTC; None where it does not say."""

    text: HiddenText
    ends: float | None


def read_token(said: str, source: str, now: float) -> Token:
    """The token that a file or a command gave. Raises `AuthenticationError`; messages never show what was given."""
    text, lifetime = said.strip(), None
    if text.startswith("{"):
        text, lifetime = _answer(text, source)
    if not text or any(not "!" <= letter <= "~" for letter in text):
        raise AuthenticationError(
            f"{source} gave no OAuth token",
            got=f"{len(text)} characters",
            expected="a token on one line, or a JSON object with access_token",
            todo="correct FXWATCH_OAUTH_TOKEN_FILE or FXWATCH_OAUTH_TOKEN_COMMAND",
        )
    ends = _end_of_jwt(text)
    if ends is None and lifetime is not None:
        ends = now + lifetime
    if ends is not None and ends <= now:
        raise AuthenticationError(
            f"the OAuth token of {source} has ended",
            got=_time(ends),
            expected=f"a later time than {_time(now)}",
            todo="see why it was not renewed",
        )
    return Token(HiddenText(text), ends)


def _time(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def _answer(text: str, source: str) -> tuple[str, float | None]:
    try:
        answer = json.loads(text)
    except ValueError:
        # not chained: the fault holds the text, and the text may hold a token
        raise AuthenticationError(
            f"{source} gave JSON that cannot be read",
            got=f"{len(text)} characters",
            expected="a JSON object with access_token",
            todo="see what it gives",
        ) from None
    lifetime = answer.get("expires_in")
    known = isinstance(lifetime, int | float) and not isinstance(lifetime, bool)
    return str(answer.get("access_token") or ""), float(lifetime) if known else None


def _end_of_jwt(token: str) -> float | None:
    """`exp` of a JSON Web Token (RFC 7519, section 4.1.4); None for a token of another kind."""
    parts = token.split(".")
    if len(parts) != _PARTS_OF_A_JWT:
        return None
    try:
        claims: Any = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        return float(claims["exp"])
    except (ValueError, TypeError, KeyError, binascii.Error):
        return None


class TokenSource:
    """Gives a token that is valid now; for any number of threads. `clock` gives seconds since 1970 UTC."""

    def __init__(self, file: Path | None, command: str | None, clock: Callable[[], float] = time.time) -> None:
        self._file, self._command, self._clock = file, command, clock
        self._lock = threading.Lock()
        self._kept: Token | None = None
        self._renew_at = 0.0

    def fetch_token(self) -> HiddenText:
        """The token. Reads the file or runs the command, up to 10 s. Raises `AuthenticationError`, `KeyFileError`."""
        if self._file is not None:
            said = read_secret_file(self._file, "OAuth token")
            return read_token(said, str(self._file), self._clock()).text
        with self._lock:
            now = self._clock()
            if self._kept is None or now >= self._renew_at:
                self._kept = read_token(self._run(), "the OAuth token command", now)
                ends = self._kept.ends
                life = UNKNOWN_SECONDS if ends is None else ends - now
                early = 0.0 if ends is None else max(SHARE_LEFT * life, min(SECONDS_LEFT, life / 2))
                self._renew_at = now + life - early
            return self._kept.text

    def _run(self) -> str:
        """What the command prints. Its errors are not shown: they may quote what it was given."""
        expected, todo = "exit code 0", "run FXWATCH_OAUTH_TOKEN_COMMAND by hand, as this account"
        try:
            # no shell; the words are the operator's own configuration
            answer = subprocess.run(  # noqa: S603
                shlex.split(self._command or ""),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=COMMAND_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise AuthenticationError(
                "the OAuth token command does not end",
                got=f"nothing in {COMMAND_SECONDS:g} s",
                expected=expected,
                todo=todo,
            ) from None
        except (OSError, ValueError) as fault:
            raise AuthenticationError(
                "the OAuth token command cannot be run",
                got=getattr(fault, "strerror", None),
                expected="a program and its arguments",
                todo=todo,
            ) from None
        if answer.returncode:
            raise AuthenticationError(
                "the OAuth token command failed", got=f"exit code {answer.returncode}", expected=expected, todo=todo
            )
        return answer.stdout.decode("utf-8", "replace")


class AsyncTokens(AbstractTokenProvider):  # type: ignore[misc]  # aiokafka ships no types
    """For aiokafka; a file or a command must not hold the event loop."""

    def __init__(self, source: TokenSource) -> None:
        self._source = source

    async def token(self) -> str:
        """The token, as text that can be formatted: both libraries put it into their request that way."""
        return str.__str__(await asyncio.to_thread(self._source.fetch_token))


class BlockingTokens(BlockingTokenProvider):  # type: ignore[misc]  # kafka-python ships no types
    """For kafka-python."""

    def __init__(self, source: TokenSource) -> None:
        super().__init__()
        self._source = source

    def token(self) -> str:
        """The token."""
        return str.__str__(self._source.fetch_token())
