"""An average of the weights of many steps: EMA, and SWA."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch  # noqa: TID253
from torch import nn  # noqa: TID253

from wellfit.trainer.feed import Feed
from wellfit.trainer.settings import Averaging


class Average:
    """The running average of a network's trained weights.

    What is no trained weight (a norm's statistics) is the network's own.
    """

    def __init__(self, network: nn.Module, how: Averaging) -> None:
        self._network, self._how = network, how
        self._live: list[torch.Tensor] = [
            p for p in network.parameters() if p.requires_grad
        ]
        self._kept = [p.detach().clone() for p in self._live]
        self.count = 0  # weights that are in it

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take in the weights as they are after that step, the first being 1."""
        since = step - self._how.start
        if since < 0 or since % self._how.every:
            return
        torch._foreach_lerp_(self._kept, self._live, self._weight())
        self.count += 1

    def _weight(self) -> float:
        """How much the newest weights count.

        An EMA's first ones more: TensorFlow's ExponentialMovingAverage, `num_updates`.
        """
        if self._how.kind == "swa" or not self.count:
            return 1 / (self.count + 1)
        return 1 - min(self._how.decay, (1 + self.count) / (10 + self.count))

    @contextmanager
    def in_place(self, feed: Feed) -> Iterator[None]:
        """The network with the averaged weights; with its own again afterwards."""
        before = [(b, b.clone()) for m in _norms(self._network) for b in m.buffers()]
        self.settle(feed)
        try:
            yield
        finally:
            if self.count:
                self._swap()
            for buffer, value in before:
                buffer.copy_(value)

    def settle(self, feed: Feed) -> None:
        """Give the network the averaged weights."""
        if not self.count:
            return
        self._swap()
        norms = _norms(self._network) if self._how.kind == "swa" else []
        if norms:
            _estimate(norms, self._network, feed, self._live[0].device)

    def _swap(self) -> None:
        for live, kept in zip(self._live, self._kept, strict=True):
            live.data, kept.data = kept.data, live.data

    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps of it."""
        return {"count": self.count, "weights": self._kept}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what a checkpoint kept."""
        self.count = state["count"]
        for kept, value in zip(self._kept, state["weights"], strict=True):
            kept.copy_(value)


def _norms(network: nn.Module) -> list[nn.modules.batchnorm._BatchNorm]:
    kind = nn.modules.batchnorm._BatchNorm
    return [m for m in network.modules() if isinstance(m, kind)]


@torch.no_grad()
def _estimate(
    norms: list[nn.modules.batchnorm._BatchNorm],
    network: nn.Module,
    feed: Feed,
    device: torch.device,
) -> None:
    """Norms' statistics for these weights, from one pass over the training rows.

    No weights near the average were ever trained with: Izmailov et al. (2018),
    Averaging weights leads to wider optima, section 3.2.
    """
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # a plain mean
    network.train()
    for *inputs, _ in feed.batches(0):
        network(*(x.to(device) for x in inputs))
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
