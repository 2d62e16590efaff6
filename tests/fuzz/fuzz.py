"""Coverage-guided fuzzing with atheris (libFuzzer): `python tests/fuzz/fuzz.py [TARGET...] --seconds N`.

Each target runs in a process of its own; an input that breaks a promise ends it and is written to
`tests/fuzz/finds/TARGET`, where the replay test keeps it. Prints one line a target. Exit code 1 when something was
found or the fuzzer is missing.
"""

import argparse
import importlib.util
import json
import os
import random
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
FINDS = HERE / "finds"
sys.path.insert(0, str(HERE.parents[1]))
MISSING = (
    "atheris is not installed, so nothing was fuzzed; it has wheels for Linux on x86-64 only; to do there: make fuzzer"
)
# beyond this an input is only longer; sizes at the limits are in tests/property
LONGEST = 8192
# instrumented, an input takes about a millisecond; one that takes seconds stalls a partition
STALL_SECONDS = 5
POOL: list[Any] = [
    None,
    True,
    0,
    -1,
    2**64 - 1,
    1.5,
    1e300,
    "",
    "0",
    "1e5",
    "\x00",
    "0001-01-01T00:00:00Z",
    [],
    {},
    "9999-12-31T23:59:59.999999Z",
    "1000000000000000",
    "0.000001",
    "XAU",
    "KRW",
    "9" * 30,
]


def available() -> bool:
    """Whether the fuzzer is installed."""
    return importlib.util.find_spec("atheris") is not None


def _mutated(data: bytes, seed: int) -> bytes | None:
    """The input with one field of its JSON object replaced, added or dropped; None when it holds no object."""
    try:
        body = json.loads(data[1:])
    except (ValueError, RecursionError):
        return None
    if not isinstance(body, dict) or not body:
        return None
    chance = random.Random(seed)
    name = chance.choice(sorted(body))
    kind = chance.randrange(6)
    if kind == 0:
        del body[name]
    elif kind == 1:
        body[name] = chance.choice(POOL)
    elif kind == 2:
        body[name] = body[chance.choice(sorted(body))]
    elif isinstance(body[name], str):
        import atheris

        body[name] = atheris.Mutate(body[name].encode("utf-8", "replace"), 64).decode("utf-8", "replace")
    else:
        body[name] = chance.choice(POOL)
    return data[:1] + json.dumps(body, ensure_ascii=chance.random() < 0.5).encode("utf-8", "replace")


def _other_part(data: bytes, seed: int) -> bytes | None:
    """The input with one part of its msgpack, however deep, replaced; None when it holds none."""
    import msgspec

    try:
        body = msgspec.msgpack.decode(data[1:])
    except (ValueError, RecursionError):
        return None
    chance, inner = random.Random(seed), body
    while isinstance(inner, list | dict) and inner:
        key: Any = chance.choice(list(inner) if isinstance(inner, dict) else range(len(inner)))
        if not isinstance(inner[key], list | dict) or not inner[key] or chance.random() < 0.2:
            inner[key] = chance.choice([*POOL, b"", b"\xff" * 16, inner[key], [inner[key]]])
            return data[:1] + msgspec.msgpack.encode(body)
        inner = inner[key]
    return None


def child(target: str, options: list[str]) -> None:
    """Fuzz one target in this process until libFuzzer ends it."""
    import atheris

    with atheris.instrument_imports(include=["streams", "detectors"], enable_loader_override=False):
        from tests.fuzz.targets import TARGETS

    def mutate(data: bytes, longest: int, seed: int) -> bytes:
        changed = (_other_part if target == "snapshot" else _mutated)(data, seed) if seed % 2 else None
        found: bytes = atheris.Mutate(data, longest) if changed is None or len(changed) > longest else changed
        return found

    mutator = {} if target == "key_and_headers" else {"custom_mutator": mutate}
    atheris.Setup([sys.argv[0], *options], TARGETS[target], **mutator)
    atheris.Fuzz()


def fuzz(target: str, seconds: int, seed: int) -> tuple[str, bool]:
    """Run one target; what it came to as a line, and whether it found something."""
    from tests.fuzz.targets import seeds

    finds = FINDS / target
    finds.mkdir(parents=True, exist_ok=True)
    before = set(finds.iterdir())
    with tempfile.TemporaryDirectory() as scratch:
        for number, data in enumerate(seeds()[target]):
            Path(scratch, f"seed-{number}").write_bytes(data)
        options = [
            f"-max_total_time={seconds}",
            f"-seed={seed}",
            f"-max_len={LONGEST}",
            f"-timeout={STALL_SECONDS}",
            f"-artifact_prefix={finds}/",
            "-print_final_stats=1",
            "-rss_limit_mb=1024",
            scratch,
            *map(str, [finds] if before else []),
        ]
        run = subprocess.run(
            [sys.executable, __file__, "--child", target, "--", *options],
            cwd=HERE.parents[1],
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=seconds + 120,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
        )
    found = sorted(path.name for path in set(finds.iterdir()) - before)
    units = re.search(r"number_of_executed_units:\s*(\d+)", run.stderr)
    coverage = re.findall(r"cov: (\d+) ft: (\d+) corp: (\d+)", run.stderr)
    if units is None or not coverage or (run.returncode and not found):
        return f"fuzz {target}: did not run\n{run.stderr[-3000:]}", True
    edges, features, corpus = coverage[-1]
    line = (
        f"fuzz {target}: {int(units[1]):,} executions in {seconds} s, {edges} branches and {features} features "
        f"covered, corpus {corpus}, seed {seed}, finds: {', '.join(found) or 'none'}"
    )
    trace = (run.stdout + run.stderr).partition("Uncaught Python exception")[2]
    return line + (f"\n{trace[:3000]}" if found else ""), bool(found)


def main() -> int:
    """Fuzz the targets named, or all."""
    from tests.fuzz.targets import TARGETS

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(TARGETS))
    parser.add_argument("--seconds", type=int, default=120, help="per target (default 120)")
    parser.add_argument("--seed", type=int, default=1, help="libFuzzer's seed (default 1)")
    arguments = parser.parse_args()
    if not available():
        print(MISSING, file=sys.stderr)
        return 1
    failed = False
    for target in arguments.targets or TARGETS:
        line, broken = fuzz(target, arguments.seconds, arguments.seed)
        print(line, flush=True)
        failed |= broken
    return int(failed)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2], sys.argv[4:])
    else:
        sys.exit(main())
