"""The last good state in the run folder: for whoever goes on after a crash."""

import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from torch import nn

from wellfit.taps.torch.healing.pace import Pace
from wellfit.taps.torch.healing.state import State

FOLDER = "checkpoints"
NAME = "last-good"
RATE = 2e8  # bytes a second that a disk takes, until it is known


class Disk:
    """Keeps a state in a run folder, when there is time for it; without one, nothing.

    `share` and `every` are a `Pace`'s.
    """

    def __init__(self, run: Path | None, share: float, *, every: int | None) -> None:
        self._run, self._share, self._every = run, share, every
        self._pace: Pace | None = None

    def keep(self, state: State, modules: Iterable[nn.Module]) -> str | None:
        """Write it if it is due; where that fails, what is to be said of it."""
        if self._run is None:
            return None
        if self._pace is None:
            expected = size_of(state) / RATE
            self._pace = Pace(self._share, every=self._every, expected=expected)
        if not self._pace.due(state.clock):
            return None
        self._pace.begin()
        try:
            write(state, self._run, modules)
        except (OSError, ImportError) as error:  # a full disk, no safetensors
            self._run = None
            return f"no good state is kept on disk: {error}"
        self._pace.end()
        return None


def size_of(state: State) -> int:
    """Its bytes."""
    return sum(tensor.nbytes for _, tensor in state.tensors())


def write(state: State, run: Path, modules: Iterable[nn.Module]) -> Path:
    """Write it as safetensors and JSON, in the place of the one before.

    A weight is named as it is in one of the modules, where it is in one.
    """
    from safetensors.torch import save_file  # not everybody who has torch has it

    folder = run / FOLDER / NAME
    aside = folder.with_name(f".aside-{NAME}")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    tensors = {name: held.contiguous() for name, held in state.tensors()}
    save_file(tensors, aside / "tensors.safetensors")
    text = json.dumps(_said(state, modules), indent=1)
    (aside / "state.json").write_text(text + "\n", encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    aside.rename(folder)
    return folder


def _said(state: State, modules: Iterable[nn.Module]) -> dict[str, Any]:
    names = {id(p): name for m in modules for name, p in m.named_parameters()}
    known = (names.get(id(there())) for there, _ in state.weights)
    return {
        "schema": 1,
        "step": state.step,
        "weights": {f"weight.{n}": name for n, name in enumerate(known)},
        "rates": [rate for rate in state.rates.values() if rate is not None],
        "scalers": [said for _, said in state.scalers],
    }
