"""CSV for spreadsheets: RFC 4180, and nothing that a sender wrote is run as a formula."""

import csv
import io

import pytest

from streams.plain_text.csv_text import csv_text, defused


@pytest.mark.parametrize(
    "cell",
    ["=1+1", "+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "\uff1d1", "=cmd|'/C calc'!A0", "-", "+", "-.5"],
    ids=repr,
)
def test_a_formula_becomes_text(cell):
    """By an apostrophe in front, however it is hidden."""
    assert defused(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["", "-1.5", "12.30", "-7", "a=b", "k1.0a3.5d", "2026-04-28", "서울", "a-b", "'=1"])
def test_everything_else_stays(cell):
    """Numbers too, which begin with a sign."""
    assert defused(cell) == cell


def test_lines_and_quotes_are_the_standards():
    """CR LF ends a line; what holds a comma, quote or line end is quoted, a quote doubled (RFC 4180, 2.5 to 2.7)."""
    made = csv_text(["a", "b"], [["1,2", 'say "no"'], ["two\nlines", "plain"]])
    assert made == 'a,b\r\n"1,2","say ""no"""\r\n"two\nlines",plain\r\n'
    assert list(csv.reader(io.StringIO(made, newline=""))) == [["a", "b"], ["1,2", 'say "no"'], ["two\nlines", "plain"]]


def test_a_byte_order_mark_on_request():
    """Excel takes a file without one for another code page."""
    assert csv_text(["일시"], [], mark=True).encode() == b"\xef\xbb\xbf" + "일시\r\n".encode()
    assert csv_text(["일시"], []).encode() == "일시\r\n".encode()
