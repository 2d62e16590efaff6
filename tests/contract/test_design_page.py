"""docs/DESIGN.md lists the topics and commands that there are; test_metrics.py does the same for its metrics."""

import re
from pathlib import Path

from streams.cli import COMMANDS
from streams.kafka import topics
from streams.settings import Settings

PAGE = (Path(__file__).parents[2] / "docs" / "DESIGN.md").read_text("utf-8")


def section(number):
    """The text of a numbered section."""
    return PAGE.split(f"\n## {number}. ", 1)[1].split("\n## ", 1)[0]


def test_sections_are_numbered_from_one_to_nine():
    """The code cites them by number."""
    assert re.findall(r"^## (\d+)\. ", PAGE, re.MULTILINE) == [str(number) for number in range(1, 10)]


def test_each_topic_is_listed_with_its_key():
    """All but the copies for desks, of which there are as many as the configuration says."""
    settings = Settings()
    desks = {topics.desk_topic(desk) for desk in settings.effective.desks}
    listed = dict(re.findall(r"^\| `([a-z.0-9]+)` \| ([^|]+) \|", section(2), re.MULTILINE))
    assert {name: key.strip("` ") for name, key in listed.items()} == {
        topic.name: topic.key for topic in topics.table(settings) if topic.name not in desks
    }


def test_each_command_is_listed():
    """In the order of `fxwatch --help`."""
    assert re.search(r"^(`\w+` ?)+$", section(7), re.MULTILINE)[0].replace("`", "").split() == list(COMMANDS), (
        "to do: docs/DESIGN.md, section 7, lists the commands of `COMMANDS` in its order"
    )
