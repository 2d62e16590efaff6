"""The gate's verdict for people: Markdown, and one HTML page that needs nothing else."""

from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, StrictUndefined

from streams.plain_text.printable import finalize

_MARKDOWN = """\
# Promotion gate: {{ "PASS" if report.passed else "FAIL" }}

{{ summary }}

| | champion | challenger |
| --- | --- | --- |
{% for name in versions -%}
| {{ name }} | {{ report.champion.versions[name] }} | {{ report.challenger.versions[name] }} |
{% endfor %}
Judged on {{ "{:,}".format(report.judged.transactions) }} transactions over {{ report.judged.days }} days, with
{{ report.judged.cases }} planted cases and {{ report.judged.lookalikes }} look-alikes, at {{ report.settings.budget }}
alerts a day; {{ "{:,}".format(report.settings.resamples) }} resamples, seed {{ report.settings.seed }}.

{% for check in checks -%}
- {{ "passed" if check.passed else "**FAILED**" }}: {{ check.reason }}
{% endfor %}
{{ luck }}

Report hash: `{{ report.report_hash }}`
"""

_HTML = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Promotion gate: {{ "pass" if report.passed else "fail" }}</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; color: #1a1a1a;
  background: #fff; }
table { border-collapse: collapse; margin: 1rem 0; }
th, td { text-align: left; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid #ddd; vertical-align: top; }
.pass { color: #0a6b2d; } .fail { color: #a8071a; font-weight: 600; }
code { overflow-wrap: anywhere; }
@media (prefers-color-scheme: dark) { body { color: #e6e6e6; background: #161616; } th, td { border-color: #444; }
  .pass { color: #6fd08c; } .fail { color: #ff8a8a; } }
</style>
<h1>Promotion gate: <span class="{{ 'pass' if report.passed else 'fail' }}">{{ "PASS" if report.passed else "FAIL" }}
</span></h1>
<p>{{ summary }}</p>
<table>
<thead><tr><th></th><th>champion</th><th>challenger</th></tr></thead>
<tbody>
{% for name in versions %}<tr><th>{{ name }}</th><td><code>{{ report.champion.versions[name] }}</code></td>
<td><code>{{ report.challenger.versions[name] }}</code></td></tr>
{% endfor %}</tbody></table>
<p>Judged on {{ "{:,}".format(report.judged.transactions) }} transactions over {{ report.judged.days }} days, with
{{ report.judged.cases }} planted cases and {{ report.judged.lookalikes }} look-alikes, at {{ report.settings.budget }}
alerts a day; {{ "{:,}".format(report.settings.resamples) }} resamples, seed {{ report.settings.seed }}.</p>
<table>
<thead><tr><th>check</th><th>outcome</th><th>what was found</th><th>limit</th></tr></thead>
<tbody>
{% for check in checks %}<tr><td>{{ check.name }}</td>
<td class="{{ 'pass' if check.passed else 'fail' }}">{{ "passed" if check.passed else "FAILED" }}</td>
<td>{{ check.reason }}</td><td>{{ check.limit }}</td></tr>
{% endfor %}</tbody></table>
<p>{{ luck }}</p>
<p>Report hash: <code>{{ report.report_hash }}</code></p>
</html>
"""

_VERSIONS = ("code", "config", "detectors", "rules")


def summary(report: Mapping[str, Any]) -> str:
    """One sentence: the verdict, and what failed by name."""
    checks = report["checks"]
    if report["passed"]:
        same = " The two results are the same, byte for byte." if report["same"] else ""
        return f"The challenger may take the champion's place: all {len(checks)} checks passed.{same}"
    failed = report["failed"]
    return f"The challenger is refused: {len(failed)} of {len(checks)} checks failed: {', '.join(failed)}."


def luck(report: Mapping[str, Any]) -> str:
    """What the number of checks means for a single failure."""
    return (
        f"Each check that compares with noise is wrong about an equal challenger at most once in forty comparisons; "
        f"there are {len(report['checks'])} checks, so a single narrow failure may be luck: judge on another stream."
    )


def _rendered(template: str, report: Mapping[str, Any], *, html: bool) -> str:
    # escaping is on for HTML alone: reasons hold names that a configuration file chose
    environment = Environment(
        autoescape=html,  # noqa: S701
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        finalize=finalize,
    )
    return environment.from_string(template).render(
        report=report, checks=report["checks"], summary=summary(report), luck=luck(report), versions=_VERSIONS
    )


def markdown(report: Mapping[str, Any]) -> str:
    """The verdict as Markdown."""
    return _rendered(_MARKDOWN, report, html=False)


def html(report: Mapping[str, Any]) -> str:
    """The verdict as one HTML page."""
    return _rendered(_HTML, report, html=True)
