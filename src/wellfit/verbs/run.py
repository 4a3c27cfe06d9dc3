"""`wellfit run SCRIPT`: an unmodified script, watched."""

import importlib.util
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, TextIO, TypedDict, Unpack

from wellfit.core.errors import BadScript, nearest
from wellfit.core.run import Run
from wellfit.record import open_run, write_environment
from wellfit.taps import ranks
from wellfit.taps.seeds import environment_of
from wellfit.verbs.terminal import PseudoTerminal

if TYPE_CHECKING:
    from wellfit.core.plan import Plan

POLL = 1.0  # seconds between two calls of `while_running`
GRACE = 10.0  # seconds after which a script that is to stop is made to
FRAME = 0.25  # the same, where what the script prints is handed over

HandOver = Callable[[bytes], None]


class How(TypedDict, total=False):
    """How a script is run, watched and changed: keywords of `run`."""

    module: bool
    overhead: float
    every: int | None
    seed: int | None
    plan: "Plan | str | Path | None"
    heal: bool | int


def run(
    script: str | Path,
    args: Sequence[str] = (),
    *,
    out: str | Path | None = None,
    prints_to: TextIO | HandOver | None = None,
    while_running: Callable[[Path], None] | None = None,
    **how: Unpack[How],
) -> Run:
    """Run a script as `python script args…` would, watched, and return what was seen.

    The script runs in a process of its own, so that whatever becomes of it, what was
    seen until then is here. Its exit status is in `run.facts["outcome"]["exit"]`. With
    `module` it is the name of a module, as after `python -m`.

    `out` is the run folder, `overhead` the share of the time that looking may take
    (0.02); with `every` each so manieth step is looked at instead. With a `plan`, or
    the path of one, the training is changed as that says, and the fact `plan` tells of
    it. `heal` adds `roll-back` to it: where the training breaks, it goes back to its
    last good state, and on with care; a number is how often at most. With a `seed` all
    seeds are moved by it: by 0 they stay the script's own, by any other number the run
    is another one, and with the same number the same again.

    What the script prints goes to `prints_to`, by default to standard output. Where
    that is a function, the script has a pseudo-terminal in the place of ours, and what
    it prints there is handed over, from another thread. `while_running` is called with
    the run folder about once a second, and then four times.
    `BadScript` where there is no such script, `BadRun` where a run stands in `out`,
    `BadSetting` where a plan cannot be what it says.
    """
    return start(
        [str(script), *args],
        _settings(how),
        out=out,
        prints_to=prints_to,
        while_running=while_running,
    )


def _settings(how: How) -> dict[str, Any]:
    """The settings as `taps/launch.py` takes them."""
    unknown = [name for name in how if name not in How.__annotations__]
    if unknown:
        raise TypeError(f"run() got an unexpected keyword argument {unknown[0]!r}")
    said: dict[str, Any] = {"module": False, "overhead": 0.02, "every": None, **how}
    plan, heal = said.pop("plan", None), said.pop("heal", False)
    if plan is None and not heal:
        return said
    from wellfit.core.plan import Plan
    from wellfit.remedies.plans import read_plan

    given = plan or Plan()
    read = given if isinstance(given, Plan) else read_plan(given)
    return {**said, "plan": (_healed(read, heal) if heal else read).to_json()}


def _healed(plan: "Plan", heal: bool | int) -> "Plan":
    """The plan, with `roll-back`; a number is how often it goes back at most."""
    from wellfit.core.plan import Plan
    from wellfit.remedies.roll_back import RollBack

    remedy = RollBack() if heal is True else RollBack(most=heal)
    return Plan.of(*plan.changes, remedy.change)


def _reaching(how: Mapping[str, Any], script: str, folder: Path) -> dict[str, Any]:
    """The settings by which a plan edits what is in the text of a script alone."""
    from wellfit.core.plan import Plan
    from wellfit.sources.reach import reaching

    plan = Plan.from_json(how["plan"])
    return reaching(plan, script, folder, module=how["module"])


def start(
    words: Sequence[str],
    how: Mapping[str, Any],
    *,
    out: str | Path | None,
    prints_to: TextIO | HandOver | None = None,
    while_running: Callable[[Path], None] | None = None,
) -> Run:
    """The same, of a command line and of settings as `taps/launch.py` takes them.

    With `trying` among them, the script's first steps are tried out, and it is stopped
    after so many seconds at the latest.
    """
    name = check(words[0], module=how["module"])
    folder = ranks.folder_for(name, out)
    told, tell = os.pipe()  # by which the script's process says where it records
    settings = {**how, "folder": str(folder.absolute()), "tell": tell, "rank": False}
    if how.get("plan"):
        settings |= _reaching(how, words[0], folder)
    trying, seed = how.get("trying"), how.get("seed")
    launch = [sys.executable, "-m", "wellfit.taps.launch", json.dumps(settings)]
    terminal: PseudoTerminal | None = None
    streams: tuple[TextIO | int | None, TextIO | int | None]
    if callable(prints_to):
        terminal = PseudoTerminal(prints_to)
        streams = terminal.instead(sys.__stdout__), terminal.instead(sys.__stderr__)
    else:
        streams = prints_to, None
    process = subprocess.Popen(
        [*launch, *words],
        stdout=streams[0],
        stderr=streams[1],
        pass_fds=[tell],
        env=None if seed is None else environment_of(seed),
    )
    os.close(tell)
    with _passing_on_signals(process):
        with os.fdopen(told, encoding="utf-8") as pipe:
            folder = Path(pipe.read() or folder)
        if not ranks.rank():
            write_environment(folder, list(words))
        limit = None if trying is None else monotonic() + trying + GRACE
        status = _wait(process, folder, while_running, terminal, limit)
    return _seen(folder, status)


def check(script: str, *, module: bool) -> str:
    """The name of the run, where there is such a script; else `BadScript`."""
    if module:
        top = script.partition(".")[0]
        sys.path.insert(0, str(Path.cwd()))
        try:
            known = importlib.util.find_spec(top) is not None
        finally:
            sys.path.pop(0)
        if not known:
            raise BadScript(
                f"no module {script!r}: nothing here or installed is so named"
            )
        return script.rpartition(".")[2]
    path = Path(script)
    if path.is_dir() and not (path / "__main__.py").exists():
        raise BadScript(
            f"{script} is a folder without a __main__.py; name a script in it"
        )
    if not path.exists():
        beside = path.parent.glob("*.py") if path.parent.is_dir() else iter(())
        hint = nearest(path.name, sorted(p.name for p in beside))
        raise BadScript(f"no script {script!r}{hint}")
    return path.stem or path.absolute().name


def _wait(
    process: "subprocess.Popen[bytes]",
    folder: Path,
    while_running: Callable[[Path], None] | None,
    terminal: PseudoTerminal | None,
    limit: float | None = None,
) -> int:
    while True:
        if limit is not None and monotonic() > limit:
            process.kill()
        try:
            status = process.wait(timeout=POLL if terminal is None else FRAME)
        except subprocess.TimeoutExpired:
            if while_running is not None:
                while_running(folder)
            if terminal is not None:
                terminal.resize()
        else:
            if terminal is not None:
                terminal.close()
            return status


@contextmanager
def _passing_on_signals(process: "subprocess.Popen[bytes]") -> Iterator[None]:
    """Ctrl-C reaches the script by itself, and a request to end is passed on to it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def pass_on(number: int, _: Any) -> None:
        process.send_signal(number)

    # A handler, not SIG_IGN, which the script would inherit.
    before = {
        signal.SIGINT: signal.signal(signal.SIGINT, lambda *_: None),
        signal.SIGTERM: signal.signal(signal.SIGTERM, pass_on),
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _seen(folder: Path, status: int) -> Run:
    """The run; its outcome told by us where the process could no longer tell it."""
    if ranks.rank():  # the first one's process tells of them all
        return Run(facts={"outcome": {"exit": _shell(status)}}, path=folder)
    seen = open_run(folder)
    told = seen.facts.get("outcome")
    if told is not None:  # of several ranks by the first; the status is of all of them
        told = {**told, "exit": _shell(status)}
        return replace(seen, facts={**seen.facts, "outcome": told})
    ended = -status if status < 0 else None
    said = f"ended by {signal.Signals(ended).name}" if ended else "ended early"
    outcome = {
        "exit": _shell(status),
        "error": {"type": "killed", "message": said},
        "interrupted": False,
    }
    return replace(seen, facts={**seen.facts, "outcome": outcome})


def _shell(status: int) -> int:
    """The exit status as a shell would have it, of a process ended by a signal too."""
    return 128 - status if status < 0 else status
