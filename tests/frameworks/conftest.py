"""A training run bare and watched in one process: each framework is imported once."""

import contextlib
import hashlib
import importlib.util
import io
import logging
import os
import shutil
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
from accelerate.state import AcceleratorState
from torch.optim.optimizer import register_optimizer_step_post_hook

from wellfit.core.run import Run
from wellfit.record import Recorder, open_run
from wellfit.taps.accelerate import AccelerateTap
from wellfit.taps.lightning import LightningTap
from wellfit.taps.shared import Shared
from wellfit.taps.torch import TorchTap
from wellfit.taps.transformers import TransformersTap

# What is here besides tests and this are scripts, which are run and not imported.
collect_ignore_glob = [
    name
    for name in os.listdir(Path(__file__).parent)  # noqa: PTH208
    if not name.startswith(("test_", "conftest"))
]
HERE = Path(__file__).parent
TAPS = (LightningTap, TransformersTap, AccelerateTap, TorchTap)


class Trained(NamedTuple):
    """What a training came to: its losses and weights, hashed; what it printed."""

    steps: int
    digest: str
    printed: str
    files: dict[str, str]


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """The frameworks warn of one another; that is none of our business."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextlib.contextmanager
def hashing() -> Iterator[list[Any]]:
    """Hash every loss and, at every optimizer step, the weights: `[steps, hash]`."""
    seen: list[Any] = [0, hashlib.sha256()]

    def weights(optimizer: torch.optim.Optimizer, *_: object) -> None:
        seen[0] += 1
        for group in optimizer.param_groups:
            for parameter in group["params"]:
                seen[1].update(parameter.detach().numpy().tobytes())

    original = torch.Tensor.backward

    def backward(loss: torch.Tensor, *args: Any, **kwargs: Any) -> Any:
        seen[1].update(loss.detach().float().numpy().tobytes())
        return original(loss, *args, **kwargs)

    handle = register_optimizer_step_post_hook(weights)
    torch.Tensor.backward = backward  # type: ignore[method-assign]
    try:
        yield seen
    finally:
        torch.Tensor.backward = original  # type: ignore[method-assign]
        handle.remove()


@contextlib.contextmanager
def watching(folder: Path, **options: Any) -> Iterator[None]:
    """All that `wellfit run` attaches, in this process."""
    with Recorder(folder) as recorder:
        records = Shared(recorder)
        taps = [tap(records, **options) for tap in TAPS]
        for tap in taps:
            tap.attach()
        try:
            yield
        finally:
            for tap in taps:
                tap.finish()
            records.settle()


def main_of(script: str) -> Any:
    """The `main` of a script beside this file."""
    spec = importlib.util.spec_from_file_location(script, HERE / f"{script}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.main


def train(script: str, place: Path, watch: Any = None) -> Trained:
    """Run a script in that folder, made anew: paths are in what it prints and keeps."""
    AcceleratorState._reset_state(reset_partial_state=True)  # of the script before
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    before = Path.cwd()
    os.chdir(place)
    logging.disable(logging.WARNING)
    printed = io.StringIO()
    try:
        with (
            hashing() as seen,
            watch or contextlib.nullcontext(),
            contextlib.redirect_stdout(printed),
            contextlib.redirect_stderr(io.StringIO()),
        ):
            main_of(script)()
    finally:
        logging.disable(logging.NOTSET)
        os.chdir(before)
    return Trained(seen[0], seen[1].hexdigest(), printed.getvalue(), _files(place))


def _files(place: Path) -> dict[str, str]:
    return {
        str(path.relative_to(place)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(place.rglob("*"))
        if path.is_file()
    }


class Runs:
    """Each script trained once bare and once in each way of watching, on demand."""

    def __init__(self, base: Path) -> None:
        self._base = base
        self._bare: dict[str, Trained] = {}
        self._watched: dict[tuple[str, int | None], tuple[Trained, Run]] = {}

    def bare(self, script: str) -> Trained:
        if script not in self._bare:
            self._bare[script] = train(script, self._base / script)
        return self._bare[script]

    def watched(self, script: str, every: int | None) -> tuple[Trained, Run]:
        key = (script, every)
        if key not in self._watched:
            folder = self._base / f"{script}-{every}"
            watch = watching(folder, every=every)
            self._watched[key] = (
                train(script, self._base / script, watch),
                open_run(folder),
            )
        return self._watched[key]

    def run(self, script: str) -> Run:
        return self.watched(script, 1)[1]


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    return Runs(tmp_path_factory.mktemp("frameworks"))
