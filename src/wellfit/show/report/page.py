"""The page: HTML that holds all it needs, and asks nobody for anything."""

import base64
import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
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
from wellfit.show.report.findings import Page, Shown, findings
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


@dataclass(frozen=True, kw_only=True, slots=True)
class Content:
    """What stands on a page, from top to bottom; `last` is the last step of its charts.

    Beneath the title stands `what`, then what was `found`, in bold, and what comes
    `after`; the `leading` sections stand before the findings, the others after them.
    """

    title: str
    what: str = ""
    found: str
    after: str = ""
    figures: Sequence[tuple[str, str, str]] = ()
    leading: Sequence[Section] = ()
    findings: Sequence[Shown] = ()
    sections: Sequence[Section] = ()
    last: int = 0

    @property
    def charts(self) -> list[Chart]:
        """All of them, those of the findings first."""
        own = [shown.chart for shown in self.findings if shown.chart]
        return [*own, *(c for s in (*self.leading, *self.sections) for c in s.charts)]


def render(run: Run, diagnosis: Diagnosis, *, page: Page) -> str:
    """The report as HTML; `page` gives the manual page of a rule or remedy, or None."""
    made = [section(run, diagnosis) for section in SECTIONS]
    content = Content(
        title=prose.title(run),
        what=prose.what(run),
        found=prose.found(diagnosis),
        figures=list(prose.figures(run)),
        findings=findings(run, diagnosis, page),
        sections=[section for section in made if not section.empty],
        last=run.last_step,
    )
    return page_of(content, page)


def page_of(content: Content, page: Page) -> str:
    """The HTML of a page."""
    scripts = [Markup(_read(name)) for name in SCRIPTS]
    text: str = _template().render(
        page=content,
        remedy=lambda name: prose.first_sentence(page(name)),
        charts=_json(content),
        style=Markup(_read("style.css")),
        scripts=scripts,
        policy=_policy(scripts),
        licences=[Markup(_read(name)) for name in LICENCES],
        version=__version__,
    )
    return text


def _json(content: Content) -> Markup:
    specs: dict[str, Any] = {chart.id: dict(chart.spec) for chart in content.charts}
    text = json.dumps(
        {"last": content.last, "charts": specs},
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
