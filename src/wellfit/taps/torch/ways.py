"""How a training goes about it: what the fact `loop` says."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from wellfit.taps.torch.modes import Switches
from wellfit.taps.torch.numbers import OnItsWay, flat, send

GLANCE = 64  # elements of a gradient that tell whether it was zeroed


class Ways:
    """Gathers the habits of a training loop, most of them at steps looked at."""

    def __init__(self) -> None:
        self.clipping: dict[str, Any] | None = None
        self.switches = Switches()
        self.cleared = 0  # steps whose gradient was set to zero before they came
        self._backwards: Counter[int] = Counter()
        self._looks = 0
        self._glance: OnItsWay | None = None  # at gradients before a backward pass
        self._left: list[OnItsWay] = []  # those of steps that are done
        self._stale = 0
        self._modes: dict[str, Counter[str]] = {}
        self._evaluating: str | None = None  # the mode of the pass that goes on
        self._precision: str | None = None
        self._unstepped: list[str] = []
        self._graded: set[str] = set()
        self._stepped: dict[str, None] = {}  # as an ordered set

    def meet(
        self,
        parameters: Mapping[str, Tensor],
        optimizer: torch.optim.Optimizer,
        *,
        first: bool,
    ) -> None:
        """An optimizer is met: which of the parameters does none step?"""
        stepped = {id(p) for g in optimizer.param_groups for p in g["params"]}
        wanted = [n for n, p in parameters.items() if p.requires_grad]
        if first:
            self._stepped, self._graded = {}, set()
        known = wanted if first else self._unstepped
        self._unstepped = [n for n in known if id(parameters.get(n)) not in stepped]

    def look(self, parameters: Iterable[Tensor]) -> None:
        """A step's first backward pass is about to begin: are there gradients yet?"""
        grads = (p.grad for p in parameters if p.grad is not None)
        first = next(grads, None)
        self._glance = None if first is None else send(flat(first)[:GLANCE].clone())

    def looked(self) -> None:
        """The step that is looked at is done: its last group of passes counts.

        Before it, another optimizer's may have left gradients here as well.
        """
        self._looks += 1
        if self._glance is not None:
            self._left.append(self._glance)
            self._glance = None
        while self._left and self._left[0].here:
            self._stale += bool(self._left.pop(0).array().any())

    def stepped(self, backwards: int) -> None:
        """A step was done, of so many backward passes."""
        self._backwards[backwards] += 1

    def stepping(self, parameters: Mapping[str, Tensor]) -> None:
        """These are about to be stepped: which of them have a gradient?"""
        self._stepped.update(dict.fromkeys(parameters))
        self._graded.update([n for n, p in parameters.items() if p.grad is not None])

    def training(self, root: nn.Module | None, step: int) -> None:
        """A model is seen in training."""
        if root is not None:
            self._count("train", "train" if root.training else "eval")
            self.switches.train(step)

    def evaluating(self, root: nn.Module | None, *, repeated: bool) -> None:
        """A model is seen in an evaluation; `repeated`: on one batch several times."""
        if root is not None:
            self._evaluating = "train" if root.training else "eval"
            self.switches.evaluate(repeated=repeated)

    def evaluated(self, phase: str, step: int) -> None:
        """The evaluation is over, and now its phase is known."""
        if self._evaluating is not None:
            self._count(phase, self._evaluating)
        self._evaluating = None
        self.switches.evaluated(phase, step)

    def _count(self, phase: str, mode: str) -> None:
        self._modes.setdefault(phase, Counter())[mode] += 1

    def computed(self, outputs: Tensor) -> None:
        """What the computing is done in."""
        device = outputs.device.type
        if torch.is_autocast_enabled(device):
            dtype = torch.get_autocast_dtype(device)
            self._precision = f"{dtype} autocast".removeprefix("torch.")
        elif self._precision is None:
            self._precision = str(outputs.dtype).removeprefix("torch.")

    def fact(self) -> dict[str, Any]:
        """The fact `loop`."""
        usual = self._backwards.most_common(1)
        steps = self._backwards.total()
        return {
            "accumulation": usual[0][0] if usual else None,
            "zeroed": self._stale < self._looks / 2 if self._looks else None,
            "cleared": self.cleared > steps / 2,
            "modes": {p: c.most_common(1)[0][0] for p, c in self._modes.items()},
            "switches": self.switches.fact(),
            "precision": self._precision,
            "unstepped": self._unstepped,
            "ungraded": [n for n in self._stepped if n not in self._graded],
        }
