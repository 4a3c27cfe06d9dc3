"""The checklist in the terminal and as a page: nothing lost, nothing cut off."""

from io import StringIO

import pytest
from rich.console import Console

from wellfit.core.checklist import Item, Phase, State
from wellfit.core.finding import Diagnosis, Evidence, Finding, NotChecked, Severity
from wellfit.core.run import Run
from wellfit.show.checklist import show_checklist
from wellfit.show.report.checklist import checklist_page

HOSTILE = "fc\x1b[31m<b>1</b>"
BOXES = (
    Item(phase=Phase.TRIED, item="gradient check", state=State.WRONG, text=HOSTILE),
    Item(phase=Phase.TRIED, item="shapes", state=State.OK, text="[48, 4] and `[48]`"),
    Item(phase=Phase.AFTER, item="errors", state=State.YOURS, text="by you"),
    Item(phase=Phase.AFTER, item="robustness", state=State.YOURS, text="by you"),
)
SAID = Diagnosis(
    findings=(
        Finding(
            rule="wrong-gradient",
            severity=Severity.CRITICAL,
            confidence=0.97,
            summary="the backward pass of Swish is 41 % off",
            evidence=(Evidence(text="1.7 by its backward pass"),),
        ),
    ),
    not_checked={"overfitting": NotChecked(reason="needs the course")},
    checklist=BOXES,
)


def shown(width: int) -> str:
    out = StringIO()
    show_checklist(SAID, Run(), Console(file=out, width=width, highlight=False))
    return out.getvalue()


@pytest.mark.parametrize("width", [30, 60, 84, 100, 200])
def test_every_box_is_shown_at_any_width(width):
    said = shown(width)
    assert max(map(len, said.splitlines())) <= min(width, 100)
    for mark in ("✗ Gradient check", "✓ Shapes", "· All 2 boxes"):
        assert mark in said
    assert "\x1b" not in said
    assert " ".join(said.split()).count("by you") == 1
    ends = "1 box ticked by machine, 1 crossed, 2 yours to judge"
    assert ends in " ".join(said.split())


def test_the_page_has_all_and_escapes_it(tmp_path):
    page = checklist_page(SAID, tmp_path / "c.html", title="<train>.py").read_text()
    for text in ("&lt;train&gt;.py", "&lt;b&gt;1&lt;/b&gt;", "<code>[48]</code>"):
        assert text in page
    for text in ("The backward pass of Swish is 41 % off", "Needs the course"):
        assert text in page
    assert page.count('<li class="is-') == len(BOXES)
    assert "http" not in page.replace("http-equiv", "")
