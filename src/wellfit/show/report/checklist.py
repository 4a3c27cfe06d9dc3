"""The checklist as one HTML file, complete in itself."""

import re
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from wellfit import __version__
from wellfit.core.checklist import State
from wellfit.core.finding import Diagnosis
from wellfit.show.checklist import TITLES, by_phase, tally
from wellfit.show.numerals import capital
from wellfit.show.report.file import write_page

HERE = Path(__file__).parent
WORDS = {State.OK: "ticked", State.WRONG: "crossed", State.YOURS: "yours to judge"}


def checklist_page(diagnosis: Diagnosis, path: Path, *, title: str) -> Path:
    """Write the checklist of a diagnosis as an HTML file; `title` is what was checked.

    `BadSetting` where the file cannot be written.
    """
    text: str = _template().render(
        title=title,
        tally=tally(diagnosis.checklist),
        phases=[
            (TITLES[phase], items) for phase, items in by_phase(diagnosis.checklist)
        ],
        findings=diagnosis.findings,
        not_checked=diagnosis.not_checked,
        capital=capital,
        marked=marked,
        words=WORDS,
        style=Markup((HERE / "style.css").read_text(encoding="utf-8")),
        version=__version__,
    )
    write_page(path, text)
    return path


def marked(text: str) -> Markup:
    """The text with a capital, and what stands between backquotes as code.

    >>> marked("`<b>` is new")
    Markup('<code>&lt;b&gt;</code> is new')
    """
    safe = str(escape(capital(text)))
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", safe))


@cache
def _template() -> Any:
    environment = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("checklist.html.j2")
