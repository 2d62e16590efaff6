"""`fxwatch schemas`: the JSON Schemas of the topics, generated from the code's types."""

import json
from pathlib import Path

import click

from streams import schemas
from streams.errors import FxwatchError
from streams.plain_text.printable import say, say_json


class SchemasDifferError(FxwatchError):
    """The schema files differ from the code's types."""

    code = "schemas.differ"


@click.command
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("deploy/schemas"),
    show_default=True,
    help="Directory of the schema files, one a topic.",
)
@click.option("--check", is_flag=True, help="Write nothing; fail when the files differ from the code.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of lines.")
def command(out: Path, check: bool, as_json: bool) -> None:
    """Write the JSON Schemas (draft 2020-12) that the code's own types give, one file a topic.

    Example: fxwatch schemas --out deploy/schemas
    """
    if check:
        different = schemas.find_differing_schemas(out)
        if different:
            raise SchemasDifferError(
                "the schema files differ from the code",
                got=", ".join(different),
                expected=f"the {len(schemas.render_schemas())} files generated from the code in {out}",
                todo=f"run `fxwatch schemas --out {out}` and commit the result",
            )
        changed: list[str] = []
    else:
        try:
            changed = schemas.write(out)
        except OSError as fault:
            what = f"cannot write the schema files: {fault.strerror}"
            raise FxwatchError(what, got=out, expected="a writable directory", todo="choose another") from fault
    if as_json:
        say_json(json.dumps({"directory": str(out), "files": list(schemas.render_schemas()), "changed": changed}))
        return
    for name in schemas.render_schemas():
        say(f"{out / name}{'  changed' if name in changed else ''}")
