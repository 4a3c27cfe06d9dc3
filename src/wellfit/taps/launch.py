"""Run a script as `python` would, watched: `python -m wellfit.taps.launch`.

The arguments are a JSON object (`folder`, `module`, `overhead`, `every`, `rank`: one
of several processes that a launcher of ours started, `trying`: the seconds after which
a script that is only tried out is stopped, `plan`: changes to train with, `seed`: by
which all seeds are moved, `judging`: whether data are judged at the end, `loaded`: a
file for the names of the modules that it has loaded by then, `stoppable`: whether
SIGUSR1 stops it, `leash`: a pipe that ends the process once its other end is closed,
`edited`: texts that are run in the place of the user's files, `mirror`: the folders
that a trial works in, and `cwd`: which of them), the script or module, and the script's
own arguments. Nothing but the standard library is loaded before the script loads it:
what it sets before importing a framework still counts.
"""

import importlib
import importlib.util
import json
import os
import signal
import sys
import types
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import wellfit.taps.tap
from wellfit.record import Recorder, redact, redact_args
from wellfit.record.folder import databases
from wellfit.record.schema import database
from wellfit.taps import ranks
from wellfit.taps.edited import Edited
from wellfit.taps.imports import OnImport
from wellfit.taps.launchers import Launchers
from wellfit.taps.mains import module_named, script_at, without_us
from wellfit.taps.resources import Resources
from wellfit.taps.seeds import Seeds
from wellfit.taps.shared import Shared

if TYPE_CHECKING:
    from wellfit.taps.tap import Tap
    from wellfit.taps.writes import Writes

# Once a module has been loaded, the tap that meets it is attached. The order is that
# in which they finish: what PyTorch's then learns from a sample is nobody's training.
TAPS = {
    "lightning.pytorch": "wellfit.taps.lightning:LightningTap",
    "pytorch_lightning": "wellfit.taps.lightning:pytorch_lightning",
    "transformers.trainer": "wellfit.taps.transformers:TransformersTap",
    "accelerate.accelerator": "wellfit.taps.accelerate:AccelerateTap",
    "sklearn.base": "wellfit.taps.sklearn.tap:SklearnTap",
    "xgboost": "wellfit.taps.boosting.xgboost:XGBoostTap",
    "lightgbm": "wellfit.taps.boosting.lightgbm:LightGBMTap",
    "torch": "wellfit.taps.torch.tap:TorchTap",
    "keras": "wellfit.taps.keras.tap:KerasTap",
    "torchmetrics.metric": "wellfit.taps.torchmetrics:TorchmetricsTap",
}
# Taps beside them, of the same framework.
BESIDE = {"torch": "wellfit.taps.torch.ranks:RanksTap"}
# The same, where a script is tried out: `wellfit check`.
TRYING = {"torch": "wellfit.taps.torch.trying:TryingTap"}
# The same, where a plan says what to change: `wellfit run --with`.
CHANGES = {
    "torch": "wellfit.taps.torch.changes:ChangesTap",
    "sklearn.base": "wellfit.taps.sklearn.changes:ChangesTap",
    "xgboost": "wellfit.taps.boosting.changes:xgboost",
    "lightgbm": "wellfit.taps.boosting.changes:lightgbm",
}
# How variables of the environment begin that count while a library is being loaded.
READ_ON_LOADING = (
    *("OMP_", "GOMP_", "KMP_", "MKL_", "OPENBLAS_", "BLIS_", "VECLIB_", "NUMEXPR_"),
    *("ATEN_", "TORCH_", "PYTORCH_", "CUDA_", "CUBLAS_", "NCCL_", "LD_"),
)
SET_ON_LOADING = ("KMP_DUPLICATE_LIB_OK", "KMP_INIT_AT_FORK")  # by scikit-learn


class Watched:
    """The script's process: its recorder, and a tap once there is a framework.

    `rank` is that of the process, where it is not known from elsewhere.
    """

    def __init__(self, settings: dict[str, Any], *, rank: int | None = None) -> None:
        rank, folder = ranks.rank() if rank is None else rank, Path(settings["folder"])
        ranks.make_room(folder, rank)
        self.recorder = Recorder(folder, rank=rank)
        if settings["tell"] is not None:
            with os.fdopen(settings["tell"], "w", encoding="utf-8") as pipe:
                pipe.write(str(self.recorder.folder))
        self._command = {
            "script": redact(sys.argv[0]),
            "args": redact_args(sys.argv[1:]),
            "module": settings["module"],
            "python": sys.version.split()[0],
        }
        self.recorder.fact("command", self._command)
        wellfit.taps.tap.judging = settings.get("judging", True)
        self._plan: list[dict[str, Any]] = settings.get("plan") or []
        if self._plan:
            self.recorder.fact("plan", {"changes": self._plan, "applied": False})
        self._environ = _read_on_loading()
        self._writes: Writes | None = None
        original: Callable[[str], str] = str
        if settings.get("mirror"):
            self._writes, original = _mirrored(settings)
        said = settings.get("edited") or {}
        self._reached: list[str] = said.get("changes", [])
        self.edited = Edited.read(said.get("texts"), original)
        self.edited.attach()
        self._seeds: Seeds | None = None
        if settings.get("seed") is not None:
            self._seeds = Seeds(settings["seed"])
            self._seeds.attach()
        self._records = Shared(self.recorder)
        self._resources = Resources(self._records)
        self._settings = settings
        self._taps: dict[str, list[Tap]] = {}
        self._waiting: list[OnImport] = []
        for module in TAPS:
            waiting = OnImport(module, partial(self._attach, module))
            self._waiting.append(waiting)
            sys.meta_path.insert(0, waiting)
        self._launches = 0
        self._handed_over = self._ended = False
        self._launchers = Launchers(settings, self._hand_over)
        if not settings["rank"]:
            for module, patch in self._launchers.known.items():
                wrap = partial(self._wrap, module, patch)
                sys.meta_path.insert(0, OnImport(module, wrap))

    def attach_to_loaded(self) -> None:
        """Attach the taps whose framework has been loaded already."""
        for module in TAPS:
            if module in sys.modules and module not in self._taps:
                self._attach(module)
        if not self._settings["rank"]:
            for module, patch in self._launchers.known.items():
                if module in sys.modules:
                    self._wrap(module, patch)

    @staticmethod
    def _wrap(module: str, patch: Callable[[types.ModuleType], None]) -> None:
        try:
            patch(sys.modules[module])
        except Exception as error:  # another version, say
            print(f"wellfit: cannot watch {module}: {error}", file=sys.stderr)

    def _hand_over(self) -> Path:
        """Where processes that are started now record: the run is theirs.

        Not where this one has trained itself, or has started others before.
        """
        self._launches += 1
        folder = self.recorder.folder
        taps = self._attached
        if self._launches > 1 or any(tap.step for tap in taps):
            return folder / "trials" / f"launch-{self._launches}"
        for tap in taps:
            tap.detach()
        self.recorder.close()
        for file in folder.glob(f"{database(0)}*"):
            file.unlink()
        self._handed_over = True
        return folder

    def _attach(self, module: str) -> None:
        if self._ended:
            return  # it is we who need it, to judge the rows that were seen
        taps = self._taps.setdefault(module, [])
        if self._environ != _read_on_loading():
            self._command["sets_environment"] = True
        try:
            for path, more in self._homes(module):
                home, _, name = path.partition(":")
                make = getattr(importlib.import_module(home), name)
                tap: Tap = make(
                    self._records,
                    overhead=self._settings["overhead"],
                    every=self._settings["every"],
                    **more,
                )
                taps.append(tap)
                tap.attach()
        except Exception as error:
            for tap in taps:
                tap.detach()  # what was attached of it
            taps.clear()
            print(f"wellfit: cannot watch {module}: {error}", file=sys.stderr)
            return
        if len(self._taps) == 1:
            self._resources.start()
        self._say_command()

    def _homes(self, module: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """Where the taps of a framework are at home, and what they are told besides."""
        yield TAPS[module], {}
        if module in BESIDE:
            yield BESIDE[module], {}
        budget = self._settings.get("trying")
        if budget is not None and module in TRYING:
            yield TRYING[module], {"budget": budget, "enough": self.stop}
        if self._plan and module in CHANGES:
            more: dict[str, Any] = {"plan": self._plan, "reached": self._reached}
            if module == "torch":
                more["folder"] = self.recorder.folder  # for the last good state
            yield CHANGES[module], more

    @property
    def _attached(self) -> "list[Tap]":
        """The taps, in the order in which they finish: those beside others first."""
        return [tap for module in TAPS for tap in reversed(self._taps.get(module, []))]

    def _say_command(self) -> None:
        """The framework is the first whose tap saw a step; until then, the first."""
        taps = self._attached
        seen = next((tap for tap in taps if tap.step), next(iter(taps), None))
        framework = {} if seen is None else {"framework": seen.framework}
        self.recorder.fact("command", self._command | framework)

    def stop(self, *_: Any) -> None:
        """Enough was seen: end here, before the script does anything else."""
        self.finish(None, stopped=True)
        for stream in (sys.stdout, sys.stderr):
            with suppress(Exception):
                stream.flush()
        os._exit(0)  # neither its `finally` nor `atexit`: nothing is saved half done

    def finish(self, error: BaseException | None, *, stopped: bool = False) -> None:
        """The script has ended, or is `stopped`: record what is left, and how."""
        self._ended = True
        self._launchers.restore()
        for waiting in self._waiting:  # what we load and fit is nobody's training
            waiting.forget()
        if self._settings.get("loaded") is not None:
            Path(self._settings["loaded"]).write_text("\n".join(sys.modules))
        if self._seeds is not None:
            self._seeds.restore()
        if self._handed_over:
            if databases(self.recorder.folder):
                return  # the ranks', the first of which says how it ended
            self.recorder = Recorder(self.recorder.folder)
        failed = error is not None and not isinstance(error, SystemExit)
        if self._writes is not None and (outside := self._writes.finish()):
            self.recorder.fact("outside", {"written": outside})
        self._resources.finish()  # while the taps can still tell the step
        for tap in self._attached:
            tap.finish()
        self._records.settle()
        self._say_command()
        lines = redact(str(error)).strip().splitlines()
        said = {"type": type(error).__name__, "message": lines[0] if lines else ""}
        interrupted = isinstance(error, KeyboardInterrupt)
        outcome = {"error": said if failed else None, "interrupted": interrupted}
        if stopped or self._settings.get("trying") is not None:
            outcome["stopped"] = stopped
        self.recorder.fact("outcome", {"exit": _status(error), **outcome})
        self.recorder.close()


def _mirrored(settings: dict[str, Any]) -> "tuple[Writes, Callable[[str], str]]":
    """What sees to the writes of a trial, and what a path in its mirror stands for."""
    from wellfit.taps.mirrors import Mirror
    from wellfit.taps.writes import Writes

    mirror = Mirror(**settings["mirror"])
    writes = Writes(mirror, settings["folder"])
    writes.attach()
    return writes, mirror.original


def _read_on_loading() -> dict[str, str]:
    """What of the environment counts while a library is being loaded."""
    return {
        name: value
        for name, value in os.environ.items()
        if name.startswith(READ_ON_LOADING) and name not in SET_ON_LOADING
    }


def _status(error: BaseException | None) -> int:
    """The exit status that Python gives to a program that ends so."""
    if error is None:
        return 0
    if not isinstance(error, SystemExit):
        return 130 if isinstance(error, KeyboardInterrupt) else 1
    if error.code is None:
        return 0
    return error.code if isinstance(error.code, int) else 1


def main(*, loaded: bool = False) -> None:
    """Run what the command line says, and end as it ends.

    Where it is `loaded`, there are modules already that the script would load.
    """
    settings = json.loads(sys.argv[1])
    sys.argv = sys.argv[2:]
    leash = settings.pop("leash", None)  # not of processes that it starts
    if leash is not None:
        from wellfit.taps.leash import hold

        hold(leash)
    if settings.get("cwd") is not None:
        os.chdir(settings["cwd"])
    watched = Watched(settings)
    if loaded:
        watched.attach_to_loaded()
    if settings.get("trying") is not None:
        signal.signal(signal.SIGALRM, watched.stop)
        signal.setitimer(signal.ITIMER_REAL, settings["trying"])
    if settings.get("stoppable"):
        signal.signal(signal.SIGUSR1, watched.stop)
    ended: BaseException | None = None
    try:
        start = module_named if settings["module"] else script_at
        module, code = start(sys.argv[0], watched.edited)
        sys.modules["__main__"] = module
        exec(code(), module.__dict__)  # the user's own script, as they asked
    except BaseException as error:
        ended = without_us(error)
        if not isinstance(ended, SystemExit):
            sys.excepthook(type(ended), ended, ended.__traceback__)
    watched.finish(ended)
    if isinstance(ended, SystemExit):
        raise ended  # Python prints what it was given, and sets the status
    if ended is not None:
        sys.exit(_status(ended))


if __name__ == "__main__":
    main()
