"""The golden alert and its pages are what today's code makes; made anew by `python -m tests.support.golden_alert`."""

import json

from tests.support.golden_alert import FOLDER, LANGUAGES, made, pages


def test_the_golden_alert_is_todays():
    """Field by field, so that a difference is read at once; and byte for byte."""
    kept = (FOLDER / "alert.json").read_bytes()
    today = made()
    assert json.loads(today) == json.loads(kept)
    assert today == kept


def test_its_pages_are_todays():
    """In English and in Korean."""
    found = pages((FOLDER / "alert.json").read_bytes())
    assert found == {lang: (FOLDER / f"alert.{lang}.txt").read_text("utf-8") for lang in LANGUAGES}
