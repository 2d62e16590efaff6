"""CSV that spreadsheets may open: RFC 4180, and no cell is a formula.

A sender chooses ids, institutions and codes. A cell that begins with `=`, `+`, `-` or `@` is run as a formula by
spreadsheets (CWE-1236), also behind a tab or line feed; it gets an apostrophe in front, which they take for "this is
text". Numbers stay numbers.
"""

import csv
import io
import re
from collections.abc import Iterable, Sequence

# by which a spreadsheet knows that the file is UTF-8; without it Excel reads Korean as another code page
BYTE_ORDER_MARK = "\ufeff"
_FORMULA = re.compile(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20]")
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")


def defused(cell: str) -> str:
    """The cell as text that no spreadsheet runs; `-1.5` is a number and stays."""
    if cell[:1] in {"\t", "\r", "\n"} or _FORMULA.match(cell):
        return cell if _NUMBER.fullmatch(cell) else f"'{cell}"
    return cell


def csv_text(columns: Sequence[str], rows: Iterable[Sequence[str]], *, mark: bool = False) -> str:
    """Header and rows, lines ended by CR LF; with `mark` a byte order mark in front."""
    out = io.StringIO(newline="")
    if mark:
        out.write(BYTE_ORDER_MARK)
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([defused(cell) for cell in row] for row in rows)
    return out.getvalue()
