"""Run a script, and print a hash of all its losses and of its weights at every step.

    python tests/hashed.py SCRIPT [ARGS…]

It is itself run watched and unwatched: what wellfit does must not change one bit.
"""

import atexit
import hashlib
import itertools
import runpy
import sys
from pathlib import Path

import torch
from torch.optim.optimizer import register_optimizer_step_post_hook

hashed = hashlib.sha256()
steps = itertools.count()


def _weights(optimizer: torch.optim.Optimizer, *_: object) -> None:
    next(steps)
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            hashed.update(parameter.detach().cpu().numpy().tobytes())


def _losses(original):
    def backward(loss, *args, **kwargs):
        hashed.update(loss.detach().cpu().numpy().tobytes())
        return original(loss, *args, **kwargs)

    return backward


if __name__ == "__main__":
    register_optimizer_step_post_hook(_weights)
    torch.Tensor.backward = _losses(torch.Tensor.backward)
    atexit.register(lambda: print(f"hashed {next(steps)} steps {hashed.hexdigest()}"))
    sys.argv = sys.argv[1:]
    sys.path[0] = str(Path(sys.argv[0]).parent)
    runpy.run_path(sys.argv[0], run_name="__main__")
