"""Run a script, and print a hash of all its losses and of its weights at every step.

    python tests/hashed.py [-m] SCRIPT [ARGS…]

It is itself run watched and unwatched: what wellfit does must not change one bit.
"""

import atexit
import hashlib
import runpy
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import Tensor
from torch.optim.optimizer import register_optimizer_step_post_hook


class Bits:
    """The hash of every loss and of every weight at every step, and their number."""

    def __init__(self) -> None:
        self.steps = self.losses = 0
        self._hash = hashlib.sha256()

    def add(self, tensor: Tensor) -> None:
        """Take in every bit of it."""
        if isinstance(tensor, torch.distributed.tensor.DTensor):
            tensor = tensor.to_local()
        dense = tensor.detach().to_dense() if tensor.is_sparse else tensor.detach()
        flat = dense.cpu().contiguous().reshape(-1)
        self._hash.update(flat.view(torch.uint8).numpy().tobytes())

    @property
    def digest(self) -> str:
        """The hash so far."""
        return self._hash.hexdigest()

    def __str__(self) -> str:
        return f"hashed {self.steps} steps {self.digest}"


@contextmanager
def hashing() -> Iterator[Bits]:
    """Within it every loss and every step of this process is hashed."""
    bits, original = Bits(), Tensor.backward

    def weights(optimizer: torch.optim.Optimizer, *_: object) -> None:
        bits.steps += 1
        for group in optimizer.param_groups:
            for parameter in group["params"]:
                bits.add(parameter)

    def backward(loss: Tensor, *args: object, **kwargs: object) -> None:
        bits.losses += 1
        bits.add(loss)
        original(loss, *args, **kwargs)

    handle = register_optimizer_step_post_hook(weights)
    Tensor.backward = backward
    try:
        yield bits
    finally:
        handle.remove()
        Tensor.backward = original


def main() -> None:
    """Run what the command line names."""
    sys.argv = sys.argv[1:]
    with hashing() as bits:
        atexit.register(lambda: print(bits))
        if sys.argv[0] == "-m":
            sys.argv = sys.argv[1:]
            sys.path[0] = str(Path.cwd())
            runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
        else:
            sys.path[0] = str(Path(sys.argv[0]).parent)
            runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
