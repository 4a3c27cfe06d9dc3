"""The pages say what is so: their links lead somewhere, their commands exist.

To update what is made from the code: WELLFIT_UPDATE_SNAPSHOTS=1, and read what changed.
"""

import inspect
import os
import re
import shlex
from pathlib import Path

import pytest
import typer

from wellfit.cli import settings
from wellfit.cli.main import COMMANDS, app
from wellfit.core.run import Run
from wellfit.core.signals import SIGNALS
from wellfit.core.words import WORDS
from wellfit.remedies import REMEDIES
from wellfit.rules import all_rules, all_sweep_rules
from wellfit.rules.rule import Problem
from wellfit.verbs.diagnose import diagnose
from wellfit.verbs.explain import explain, fenced

ROOT = Path(__file__).parent.parent
PAGES = [
    page
    for place in ("*.md", "docs/**/*.md", "examples/*.md")
    for page in sorted(ROOT.glob(place))
]
EVERY: list[Problem] = sorted(
    [*all_rules(), *all_sweep_rules()], key=lambda rule: rule.name()
)
LINK = re.compile(r"""\]\(([^)\s]+)\)|(?:src|srcset|href)="([^"]+)\"""")
COMMAND = re.compile(r"^(?:\$ )?(wellfit(?: .*)?)$", re.MULTILINE)


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), re.M | re.S)


def commands(page: Path) -> list[str]:
    """The command lines of a page, without their comments."""
    lines = COMMAND.findall("\n".join(blocks(page, "console")))
    return [re.sub(r"\s+#.*", "", line) for line in lines]


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_links_lead_somewhere(page):
    targets = ["".join(found) for found in LINK.findall(page.read_text())]
    broken = [
        target
        for target in targets
        if not re.match(r"[a-z]+:", target)
        and not (page.parent / target.partition("#")[0]).exists()
    ]
    assert not broken


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_commands_are_ones_that_the_command_line_takes(page):
    for line in commands(page):
        _, *words = shlex.split(line)
        assert words[0] in COMMANDS, line
        group = typer.main.get_command(app(words))
        group.commands[words[0]].make_context(words[0], words[1:])


def test_the_readme_shows_the_commands():
    shown = {line.split()[1] for line in commands(ROOT / "README.md")}
    assert shown >= {"run", "train", "predict", "list", "show", "diagnose", "report"}


def test_every_rule_is_on_the_page_of_rules():
    page = ROOT / "docs" / "rules.md"
    rows = "".join(
        f"| [`{n}`](rules/{n}.md) | {rule.severity} | {problem(rule)} |\n"
        for rule in EVERY
        if (n := rule.name())
    )
    table = re.compile(r"(?:^\| \[?`.*\n)+", re.MULTILINE)
    if os.environ.get("WELLFIT_UPDATE_SNAPSHOTS"):
        page.write_text(table.sub(lambda _: rows, page.read_text()))
    assert table.findall(page.read_text()) == [rows]


def kept(page: Path, text: str) -> bool:
    """Whether the page says so; written anew where snapshots are to be updated."""
    if os.environ.get("WELLFIT_UPDATE_SNAPSHOTS"):
        page.parent.mkdir(exist_ok=True)
        page.write_text(text)
    return page.is_file() and page.read_text() == text


@pytest.mark.parametrize("rule", EVERY, ids=lambda rule: rule.name())
def test_every_rule_has_its_page(rule):
    page = ROOT / "docs" / "rules" / f"{rule.name()}.md"
    assert kept(page, fenced(explain(rule.name())))


def test_no_page_is_left_of_a_rule_that_is_gone():
    pages = {page.stem for page in (ROOT / "docs" / "rules").glob("*.md")}
    assert pages == {rule.name() for rule in EVERY}


def test_the_glossary_has_every_remedy_signal_and_word():
    parts = {"Words": WORDS, "Remedies": REMEDIES, "Signals": SIGNALS}
    lines = ["# The words, the remedies and the signals", ""]
    lines += ["`wellfit explain NAME` prints the same in the terminal."]
    for title, names in parts.items():
        lines += ["", f"## {title}", "", "| name | is |", "|---|---|"]
        lines += [
            f"| `{n}` | {what.replace('|', chr(92) + '|')} |"
            for n, what in names.items()
        ]
    assert kept(ROOT / "docs" / "glossary.md", "\n".join(lines) + "\n")


def problem(rule: Problem) -> str:
    """The first paragraph of a rule's page, in one line."""
    return inspect.cleandoc(rule.__doc__).partition("\n\n")[0].replace("\n", " ")


def test_python_on_the_pages_compiles():
    for page in PAGES:
        for block in blocks(page, "python"):
            if not block.startswith(">>>"):  # a doctest: it is run elsewhere
                compile(block, str(page), "exec")


def test_settings_on_the_pages_are_ones_that_are_taken(tmp_path):
    shown = [block for page in PAGES for block in blocks(page, "toml")]
    documented = inspect.cleandoc("\n".join(settings.__doc__.split("\n\n")[1:3]))
    for text in [*shown, documented]:
        (tmp_path / "pyproject.toml").write_text(text)
        said = settings.project(tmp_path)
        diagnose(Run.of(), ignore=said.ignore, rules=said.rules)
