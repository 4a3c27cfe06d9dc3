"""What starts the processes of a distributed training: each of them is watched too.

torchrun (by any of its names), `accelerate launch`, and `torch.multiprocessing`'s
`spawn` and `start_processes`. The process that starts them then records no more: the
run is the ranks'.
"""

import json
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

from wellfit.taps.patches import Patches

LAUNCH = "wellfit.taps.launch"


class Launchers:
    """Patches launchers, as they are loaded, so that they start watched processes.

    `settings` are those of this process. `hand_over` is called before others are
    started, and says in which folder they are to record.
    """

    def __init__(
        self, settings: dict[str, Any], hand_over: Callable[[], Path | None]
    ) -> None:
        self._settings = settings
        self._hand_over = hand_over
        self._patches = Patches()

    @property
    def known(self) -> dict[str, Callable[[types.ModuleType], None]]:
        """Module → what to do with it once it has been loaded."""
        return {
            "torch.distributed.launcher.api": self._torchrun,
            "torch.multiprocessing.spawn": self._spawn,
            "accelerate.utils.launch": self._accelerate,
        }

    def restore(self) -> None:
        """Put the launchers back as they were."""
        self._patches.restore()

    def _torchrun(self, module: types.ModuleType) -> None:
        # Made after all checks, just before the workers are: their names in error
        # messages have been taken from the original command by then.
        def make(original: Any) -> Any:
            def spec(*args: Any, **kwargs: Any) -> Any:
                return original(*args, **self._watched(kwargs))

            return spec

        self._patches.replace(module, "WorkerSpec", make)

    def _watched(self, spec: dict[str, Any]) -> dict[str, Any]:
        entry, args = spec.get("entrypoint"), spec.get("args", ())
        if callable(entry):
            if (settings := self._for_ranks()) is not None:
                spec = {**spec, "entrypoint": Rank(entry, settings, spawned=False)}
        elif isinstance(entry, str) and args[:1] == ("-u",):  # Python, and a script
            rest = self._command(args[1:], macros=True)
            spec = {**spec, "args": ("-u", *rest)}
        return spec

    def _accelerate(self, module: types.ModuleType) -> None:
        def make(original: Any) -> Any:
            def prepare(*args: Any, **kwargs: Any) -> Any:
                command, environment = original(*args, **kwargs)
                if sys.executable in command:
                    place = command.index(sys.executable) + 1
                    rest = self._command(tuple(command[place:]))
                    command = [*command[:place], *rest]
                return command, environment

            return prepare

        self._patches.replace(module, "prepare_simple_launcher_cmd_env", make)

    def _spawn(self, module: types.ModuleType) -> None:
        def make(original: Any) -> Any:
            def start(fn: Any, *args: Any, **kwargs: Any) -> Any:
                # torchrun's own workers are seen to already.
                if not getattr(fn, "__module__", "").startswith("torch.distributed."):
                    settings = self._for_ranks()
                    if settings is not None:
                        fn = Rank(fn, settings, spawned=True)
                return original(fn, *args, **kwargs)

            return start

        self._patches.replace(module, "start_processes", make)

    def _for_ranks(self) -> dict[str, Any] | None:
        folder = self._hand_over()
        if folder is None:
            return None
        return {**self._settings, "folder": str(folder), "tell": None, "rank": True}

    def _command(self, words: tuple[str, ...], *, macros: bool = False) -> list[str]:
        """`[-m] script args…`, watched."""
        settings = self._for_ranks()
        if settings is None:
            return list(words)
        settings["module"] = words[0] == "-m"
        text = json.dumps(settings)
        said = text.replace("$", "$$") if macros else text  # torchrun's ${local_rank}
        return ["-m", LAUNCH, said, *words[settings["module"] :]]


class Rank:
    """A function that is called in a process of its own, and is watched there.

    Where it was `spawned` its first argument is the rank; else the environment says it.
    """

    def __init__(
        self, function: Callable[..., Any], settings: dict[str, Any], *, spawned: bool
    ) -> None:
        self.__name__ = getattr(function, "__name__", "rank")
        self.__qualname__ = getattr(function, "__qualname__", self.__name__)
        self._function = function
        self._settings = settings
        self._spawned = spawned

    def __call__(self, *args: Any) -> Any:
        """Call it."""
        from wellfit.taps.launch import Watched
        from wellfit.taps.mains import without_us

        ended: BaseException | None = None
        rank = int(args[0]) if self._spawned else None
        watched = Watched(self._settings, rank=rank)
        try:
            watched.attach_to_loaded()
            return self._function(*args)
        except BaseException as error:
            ended = without_us(error)
            raise  # alone, and from here: it adds no line of ours to the traceback
        finally:
            watched.finish(ended)
