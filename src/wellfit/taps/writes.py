"""What a script writes in a trial: kept in the trial's own folder, or told.

An audit hook sees each file that Python opens, before it is opened; what is written by
libraries in other languages is met where PyTorch and safetensors save.
"""

import os
import sys
import tempfile
import threading
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

from wellfit.record import redact
from wellfit.taps.imports import OnImport
from wellfit.taps.mirrors import Mirror
from wellfit.taps.patches import Patches

MOST = 20  # paths that are told
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
# What is told of: event → the places of paths among its arguments.
CHANGING = {
    "os.mkdir": (0,),
    "os.rmdir": (0,),
    "os.remove": (0,),
    "os.rename": (0, 1),
    "os.link": (1,),
    "os.symlink": (1,),
    "os.truncate": (0,),
    "sqlite3.connect": (0,),
}
# Functions that write by other means: module → function, and the place of the path.
SAVING = {
    "torch.serialization": {"save": 1},
    "safetensors.torch": {"save_file": 1},
}
# Where the same function stands by then, if its module has been loaded before.
KNOWN_IN = {"torch.serialization": "torch"}


class Writes:
    """Sees them from `attach` on; an audit hook stays as long as its process."""

    def __init__(self, mirror: Mirror, folder: str) -> None:
        self._mirror = mirror
        self._outside: dict[str, None] = {}
        self._patches = Patches()
        self._done, self._own = False, threading.local()
        self._here = mirror.original(str(Path.cwd()))
        cache = os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache"))
        # What is there for everybody, or of us, is nobody's result.
        shared = (tempfile.gettempdir(), cache, sys.prefix)
        self._ours = _folders(folder, "/dev", "/proc", "/sys")
        self._shared = _folders(*shared)

    def attach(self) -> None:
        """Begin to see."""
        sys.addaudithook(self._hear)
        for module in SAVING:
            self._wait(module)

    def finish(self) -> list[str]:
        """What was written outside of the mirror, as far as it was seen."""
        self._done = True
        self._patches.restore()
        return [redact(path) for path in self._outside]

    def _hear(self, event: str, args: tuple[Any, ...]) -> None:
        if event == "open":
            path, mode, flags = args
            if isinstance(path, str | bytes | os.PathLike) and _writes(mode, flags):
                kept = not (flags or 0) & os.O_TRUNC and "w" not in (mode or "")
                self._meet(path, content=kept)
        elif event in CHANGING:
            for place in CHANGING[event]:
                self._meet(args[place], only_parents=event != "sqlite3.connect")
        elif event == "shutil.rmtree":
            self._meet(args[0], whole=True)

    def _meet(
        self,
        given: Any,
        *,
        content: bool = True,
        whole: bool = False,
        only_parents: bool = False,
    ) -> None:
        """A path is about to be written to."""
        if self._done or isinstance(given, int) or getattr(self._own, "busy", False):
            return
        self._own.busy = True  # what is opened here is ours
        try:
            path = os.path.abspath(os.fsdecode(given))  # noqa: PTH100
            if "__pycache__" in path:
                return  # Python's own, which is the same for all
            if self._mirror.holds(path):
                self._mirror.loosen(path, content=content, whole=whole or only_parents)
            else:
                self._note(path)
        except (OSError, ValueError, TypeError):
            pass  # it is for the script to meet, when it does what it is about to
        finally:
            self._own.busy = False

    def _note(self, path: str) -> None:
        real = os.path.realpath(path)
        if real.startswith(self._ours):
            return
        if real.startswith(self._shared) and not path.startswith(f"{self._here}/"):
            return
        if len(self._outside) < MOST:
            self._outside[path] = None

    def _wait(self, module: str) -> None:
        def loaded() -> None:
            for name, place in SAVING[module].items():
                for home in (module, KNOWN_IN.get(module, "")):
                    if hasattr(sys.modules.get(home), name):
                        self._wrap(sys.modules[home], name, place)

        if module in sys.modules:
            loaded()
        else:
            sys.meta_path.insert(0, OnImport(module, loaded))

    def _wrap(self, module: types.ModuleType, name: str, place: int) -> None:
        def make(original: Callable[..., Any]) -> Callable[..., Any]:
            def save(*args: Any, **kwargs: Any) -> Any:
                given = kwargs.get("f", kwargs.get("filename"))
                path = args[place] if len(args) > place else given
                if isinstance(path, str | os.PathLike):
                    self._meet(path, content=False)
                return original(*args, **kwargs)

            return save

        self._patches.replace(module, name, make)


def _folders(*paths: str) -> tuple[str, ...]:
    return tuple(f"{os.path.realpath(path)}/" for path in paths)


def _writes(mode: Any, flags: Any) -> bool:
    if isinstance(mode, str):
        return any(sign in mode for sign in "wax+")
    return bool((flags or 0) & WRITING)
