"""The judge's report: a page for people, Markdown for reviews, JSON for programs."""

from pathlib import Path

from streams.testbed.judge import HTML_NAME, JSON_NAME, MARKDOWN_NAME, JudgeReport
from streams.testbed.report.html import html
from streams.testbed.report.markdown import markdown


def write_reports(report: JudgeReport, out: Path) -> list[Path]:
    """Write page, Markdown and JSON into a directory, made if need be; returns their paths. Raises `OSError`."""
    out.mkdir(parents=True, exist_ok=True)
    contents = {HTML_NAME: html(report).encode(), MARKDOWN_NAME: markdown(report).encode(), JSON_NAME: report.as_json()}
    for name, content in contents.items():
        (out / name).write_bytes(content)
    return [out / name for name in contents]
