"""Tokens from files and commands: renewed before they end, and told of without being shown."""

import asyncio
import base64
import json
import shlex
import sys

import pytest

from streams.errors import AuthenticationError
from streams.kafka_access.oauth_tokens import SHARE_LEFT, AsyncTokens, BlockingTokens, TokenSource, read_token
from tests.support.certificates import secret_file

SECRET = "opaque-and-secret-token"


def jwt(ends):
    claims = base64.urlsafe_b64encode(json.dumps({"sub": "ingest", "exp": ends}).encode()).decode().rstrip("=")
    return f"e30.{claims}.c2ln"


def test_a_token_is_renewed_before_it_ends(tmp_path):
    """The command runs once, and again when a fifth of the token's life is left."""
    now, counter = [1_000_000.0], tmp_path / "runs"
    code = (
        f"import pathlib; p = pathlib.Path({str(counter)!r}); n = int(p.read_text() or 0) + 1 if p.exists() else 1; "
        f'p.write_text(str(n)); print(\'{{"access_token": "token-\' + str(n) + \'", "expires_in": 1000}}\')'
    )
    source = TokenSource(None, f"{shlex.quote(sys.executable)} -c {shlex.quote(code)}", lambda: now[0])
    tokens = BlockingTokens(source)
    assert [tokens.token(), tokens.token()] == ["token-1", "token-1"]
    now[0] += 1000 * (1 - SHARE_LEFT) - 1
    assert asyncio.run(AsyncTokens(source).token()) == "token-1"
    now[0] += 2
    assert asyncio.run(AsyncTokens(source).token()) == "token-2"
    assert type(tokens.token()) is str
    assert "token" not in repr(source.fetch_token())


def test_a_token_file_is_read_for_each_connection(tmp_path):
    """Something else renews it."""
    path = secret_file(tmp_path / "token", jwt(2_000) + "\n")
    source = TokenSource(path, None, lambda: 1_000.0)
    assert str.__str__(source.fetch_token()) == jwt(2_000)
    path.write_text(jwt(3_000))
    assert str.__str__(source.fetch_token()) == jwt(3_000)


@pytest.mark.parametrize(
    "said", ["", "\n", f"{SECRET} and more", '{"error": "no", "x": "' + SECRET + '"}', "{" + SECRET, jwt(999), "토큰"]
)
def test_what_is_no_token_is_told_without_showing_it(said):
    """An ended one, too."""
    with pytest.raises(AuthenticationError) as fault:
        read_token(said, "the command", 1_000.0)
    assert SECRET not in fault.value.message
    assert fault.value.__cause__ is None


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (f"{sys.executable} -c 'import sys; print(\"{SECRET}\", file=sys.stderr); sys.exit(3)'", "exit code 3"),
        (f"/no/such/program {SECRET}", "cannot be run"),
        (f"unbalanced 'quote {SECRET}", "cannot be run"),
    ],
)
def test_a_command_that_fails_is_told_without_what_it_said(command, words):
    """Its errors and its words may hold a secret."""
    with pytest.raises(AuthenticationError, match=words) as fault:
        TokenSource(None, command).fetch_token()
    assert SECRET not in fault.value.message
