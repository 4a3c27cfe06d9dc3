"""`wellfit`: finds the command, and turns what is wrong into a sentence and a status.

Exit status: 0 done; the script's own where it failed; 10 a finding at or above
`--fail-on`; 2 misuse; 130 interrupted.
"""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

import wellfit
from wellfit.core.errors import WellfitError

# Each command is the function of that name in the module of that name.
COMMANDS: Mapping[str, str] = {
    "run": "Run a training script, and say what is wrong with it.",
    "check": "Check a script, or data, before compute is spent.",
    "treat": "Prove what a plan of changes does to a script, by trials.",
    "train": "Train a model on a table.",
    "predict": "Predict with a trained model.",
    "diagnose": "Say what is wrong with a recorded run, or with anybody's logs.",
    "explain": "Explain a rule, a remedy, a signal or a word of the output.",
    "report": "Write the report of a run: one HTML file.",
    "list": "List the recorded runs.",
    "show": "Show recorded runs side by side.",
    "remove": "Remove recorded runs.",
}
# Everything after a script's name belongs to the script.
PARSING: Mapping[str, Mapping[str, Any]] = {
    name: {"allow_interspersed_args": False} for name in ("run", "treat")
}


def main(words: Sequence[str] | None = None) -> None:
    """Run a command line, `sys.argv` by default, and leave with its exit status."""
    given = sys.argv[1:] if words is None else list(words)
    try:
        try:
            app(given)(args=given, prog_name="wellfit")
        finally:
            sys.stdout.flush()
    except WellfitError as error:
        print(f"wellfit: {error}", file=sys.stderr)
        sys.exit(2)
    except BrokenPipeError:
        # Whoever read our output has gone. Python flushes once more as it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


def app(words: Sequence[str]) -> typer.Typer:
    """The command line that these words need: one command, or all for the help."""
    built = typer.Typer(
        no_args_is_help=True,
        rich_markup_mode=None,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    built.callback(help=wellfit.__doc__)(_root)
    named = next((word for word in words if not word.startswith("-")), "")
    for name in [named] if named in COMMANDS else COMMANDS:
        declare = built.command(
            name,
            short_help=COMMANDS[name],
            context_settings=_parsing(name, words),
        )
        declare(_function(name))
    return built


def _parsing(name: str, words: Sequence[str]) -> dict[str, Any]:
    """How the words of a command are told apart; `check` takes scripts and data."""
    if name == "check" and any(word == "-m" or _is_script(word) for word in words):
        name = "run"
    return dict(PARSING.get(name, {}))


def _is_script(word: str) -> bool:
    return word.endswith((".py", ".pyw")) or Path(word, "__main__.py").is_file()


def _version(wanted: bool) -> None:
    if wanted:
        print(f"wellfit {wellfit.__version__}")
        raise typer.Exit


def _root(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            help="Show the version and exit.",
            callback=_version,
            is_eager=True,
        ),
    ] = False,
) -> None:
    """The options that stand before any command."""


def _function(name: str) -> Callable[..., None]:
    module = import_module(f"wellfit.cli.{name}")
    function: Callable[..., None] = getattr(module, name)
    return function
