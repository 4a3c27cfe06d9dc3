"""In a notebook: `%load_ext wellfit`, then `%%wellfit` on a cell, or `%wellfit on`."""

import shlex
from argparse import ArgumentParser, Namespace
from contextlib import suppress
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

from rich.console import Console

from wellfit.core.errors import BadSetting
from wellfit.core.finding import Diagnosis
from wellfit.core.run import Run
from wellfit.show.terminal import show_diagnosis

if TYPE_CHECKING:
    from wellfit.taps.torch.watch import Watch

WIDTH: Final = 88  # columns
PAGE: Final = '<pre style="white-space:pre-wrap;line-height:1.35">{code}</pre>'


class Judged:
    """A run and what is wrong with it, as a notebook shows it: as HTML, or as text."""

    def __init__(self, run: Run, diagnosis: Diagnosis) -> None:
        self.run = run
        self.diagnosis = diagnosis

    def __repr__(self) -> str:
        console = Console(file=StringIO(), width=WIDTH, force_terminal=False)
        show_diagnosis(self.diagnosis, self.run, console)
        text: str = console.file.getvalue()  # type: ignore[attr-defined]
        return text.strip("\n")

    def _repr_html_(self) -> str:
        console = Console(
            file=StringIO(),
            width=WIDTH,
            record=True,
            force_terminal=True,
            highlight=False,
        )
        show_diagnosis(self.diagnosis, self.run, console)
        return console.export_html(inline_styles=True, code_format=PAGE)


class Notebook:
    """The magic `wellfit` of one IPython shell, and the watching that goes on in it."""

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._watch: Watch | None = None
        self._shown = -1  # the last step that was told of

    def magic(self, line: str, cell: str | None = None) -> None:
        """Watch a training: `%%wellfit` this cell, `%wellfit on` all, `%wellfit off`.

        Each time findings are shown below the cell; `%wellfit` alone shows them now.
        Options: `--out DIR`, the run folder; `--overhead 2%`, the share of the time
        that looking may take; `--every N`, to look at each so manieth step instead.
        """
        try:
            options = _options(line)
        except BadSetting as error:
            print(f"wellfit: {error}")
            return
        if cell is not None:
            self._cell(options, cell)
        elif options.what == "on":
            self._on(options)
        elif options.what == "off":
            self.off()
        else:
            self._show(again=True)

    def off(self) -> None:
        """End the watching of the session, and say what was found."""
        watch = self._watch
        if watch is None:
            return
        with suppress(ValueError):  # of a callback that is gone already
            self._shell.events.unregister("post_run_cell", self._after_cell)
        watch.__exit__(None, None, None)
        self._show(again=True)
        self._watch = None

    def _on(self, options: Namespace) -> None:
        self.off()
        self._shown = -1
        self._watch = _watching(options).__enter__()
        self._shell.events.register("post_run_cell", self._after_cell)
        print(f"wellfit watches from now on, into {self._watch.folder}")

    def _cell(self, options: Namespace, cell: str) -> None:
        watch = _watching(options).__enter__()
        error: BaseException | None = None
        try:
            result = self._shell.run_cell(cell)
            error = result.error_before_exec or result.error_in_exec
        except BaseException as ended:
            error = ended
            raise
        finally:
            trace = None if error is None else error.__traceback__
            watch.__exit__(None if error is None else type(error), error, trace)
        _display(watch.run)

    def _after_cell(self, _: Any) -> None:
        self._show()

    def _show(self, *, again: bool = False) -> None:
        """Show what is found by now, if more has been trained (or `again`)."""
        if self._watch is None:
            if again:
                print(
                    "wellfit watches nothing: `%wellfit on`, or `%%wellfit` on a cell"
                )
            return
        run = self._watch.run
        if again or run.last_step > self._shown:
            self._shown = run.last_step
            _display(run)


def load(shell: Any) -> None:
    """Make the magic `wellfit` known to an IPython shell."""
    notebook = Notebook(shell)
    shell.register_magic_function(notebook.magic, "line_cell", "wellfit")
    _loaded[id(shell)] = notebook


def unload(shell: Any) -> None:
    """End what is watched there, and take the magic away."""
    notebook = _loaded.pop(id(shell), None)
    if notebook is not None:
        notebook.off()
        for kind in ("line", "cell"):
            shell.magics_manager.magics[kind].pop("wellfit", None)


_loaded: dict[int, Notebook] = {}


class _Options(ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise BadSetting(f"%wellfit [on|off] [--out DIR] [--every N]: {message}")


def _options(line: str) -> Namespace:
    parser = _Options(prog="%wellfit", add_help=False)
    parser.add_argument("what", nargs="?", choices=("on", "off"))
    parser.add_argument("--out", type=Path)
    parser.add_argument("--every", type=int)
    parser.add_argument("--overhead", type=_share, default=0.02)
    return parser.parse_args(shlex.split(line))


def _share(text: str) -> float:
    number = float(text.removesuffix("%"))
    return number / 100 if text.endswith("%") else number


def _watching(options: Namespace) -> "Watch":
    from wellfit.taps.torch.watch import watch

    return watch(out=options.out, every=options.every, overhead=options.overhead)


def _display(run: Run) -> None:
    from IPython.display import display

    from wellfit.verbs.diagnose import diagnose

    display(Judged(run, diagnose(run)))  # type: ignore[no-untyped-call]
