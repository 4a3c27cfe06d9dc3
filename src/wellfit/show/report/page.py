"""The page: HTML that holds all it needs, and asks nobody for anything."""

import base64
import hashlib
import json
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from wellfit import __version__
from wellfit.core.finding import Diagnosis
from wellfit.core.run import Run
from wellfit.show.report import prose
from wellfit.show.report.curves import curves
from wellfit.show.report.data import data
from wellfit.show.report.depth import depth
from wellfit.show.report.findings import Page, findings
from wellfit.show.report.machine import machine
from wellfit.show.report.parts import Chart, Section
from wellfit.show.report.recipe import recipe
from wellfit.show.report.result import candidates, result
from wellfit.show.report.setup import model, setting, unchecked

HERE = Path(__file__).parent
SCRIPTS = ("vendor/d3-7.9.2.min.js", "vendor/plot-0.6.17.umd.min.js", "charts.js")
LICENCES = ("vendor/LICENSE-d3.txt", "vendor/LICENSE-plot.txt")
SECTIONS: tuple[Callable[[Run, Diagnosis], Section], ...] = (
    candidates,
    curves,
    result,
    depth,
    data,
    recipe,
    model,
    machine,
    setting,
    unchecked,
)


def render(run: Run, diagnosis: Diagnosis, *, page: Page) -> str:
    """The report as HTML; `page` gives the manual page of a rule or remedy, or None."""
    shown = findings(run, diagnosis, page)
    made = [section(run, diagnosis) for section in SECTIONS]
    sections = [section for section in made if not section.empty]
    charts = [f.chart for f in shown if f.chart] + [
        c for s in sections for c in s.charts
    ]
    scripts = [Markup(_read(name)) for name in SCRIPTS]
    text: str = _template().render(
        title=prose.title(run),
        what=prose.what(run),
        found=prose.found(diagnosis),
        figures=list(prose.figures(run)),
        findings=shown,
        sections=sections,
        remedy=lambda name: prose.first_sentence(page(name)),
        last=run.last_step,
        charts=_json(charts, run),
        style=Markup(_read("style.css")),
        scripts=scripts,
        policy=_policy(scripts),
        licences=[Markup(_read(name)) for name in LICENCES],
        version=__version__,
    )
    return text


def _json(charts: Iterable[Chart], run: Run) -> Markup:
    specs: dict[str, Any] = {chart.id: dict(chart.spec) for chart in charts}
    text = json.dumps(
        {"last": run.last_step, "charts": specs},
        allow_nan=False,
        separators=(",", ":"),
    )
    # `<` ends a script element, and `&` means something in XHTML.
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)


def _policy(scripts: Iterable[str]) -> str:
    """Only these scripts may run, and nothing may be fetched."""
    hashes = (hashlib.sha256(script.encode()).digest() for script in scripts)
    allowed = " ".join(f"'sha256-{base64.b64encode(h).decode()}'" for h in hashes)
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


@cache
def _template() -> Any:
    environment = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html.j2")


@cache
def _read(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")
