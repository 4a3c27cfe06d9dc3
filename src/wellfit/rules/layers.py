"""Signals by layer: how gradients and activations change with depth."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from wellfit.core.run import Run, Signal
from wellfit.rules.curves import Values

LOOKUPS = ("Embedding", "EmbeddingBag")  # most of their rows have no gradient
NORMS = ("BatchNorm", "LayerNorm", "GroupNorm", "InstanceNorm", "RMSNorm")
SCALES = ("Normalization", "Rescaling")  # Keras's own, of the inputs


@dataclass(frozen=True, kw_only=True, slots=True)
class Flow:
    """Gradients through depth: the root mean square of each layer's, in forward order.

    `early` and `late` are medians over the first and the last half of the looks.
    """

    layers: tuple[str, ...]
    early: Values
    late: Values


def flow(run: Run) -> Flow | None:
    """The flow through the layers with weight matrices; None with fewer than three."""
    found = list(_gradients(run))
    if len(found) < 3:
        return None
    halves = [np.array_split(s.values / np.sqrt(n), 2) for _, n, s in found]
    return Flow(
        layers=tuple(name for name, _, _ in found),
        early=np.array([np.median(first) for first, _ in halves]),
        late=np.array([np.median(last) for _, last in halves]),
    )


def normalizes(kind: str | None) -> bool:
    """Whether a layer of that class brings its inputs to a common scale."""
    if kind is None:
        return False
    return kind in SCALES or kind.removeprefix("Lazy").startswith(NORMS)


def through(profile: Values) -> float:
    """The first third of a profile against its last third; 1 where there is nothing.

    The strongest layer stands for each third, so that no single odd layer decides.
    """
    third = max(1, len(profile) // 3)
    last = float(profile[-third:].max(initial=0.0))
    return float(profile[:third].max(initial=0.0)) / last if last > 0 else 1.0


def _gradients(run: Run) -> Iterator[tuple[str, float, Signal]]:
    """Layer, elements of a tensor of its, the tensor's gradient norm: the strongest."""
    gradients, weights = run.at("grad_norm"), run.at("weight_norm")
    for layer in run.facts.get("model", {}).get("layers", ()):
        if layer["kind"] in LOOKUPS or normalizes(layer["kind"]):
            continue
        wide = [t for t in layer["tensors"] if t in weights and t in gradients]
        looks = [s for t in wide if len(s := gradients[t].finite()) >= 2]
        if looks:
            strongest = max(looks, key=lambda s: float(np.median(s.values)))
            yield layer["name"], layer["parameters"] / len(wide), strongest


def strides(run: Run) -> dict[str, Signal]:
    """The length of steps by weight matrix, in lengths of the weights.

    Of the weights as they are, or as they began where they have shrunk since: decay
    makes no step longer. Lookup tables are left out.
    """
    kinds = {
        tensor: layer["kind"]
        for layer in run.facts.get("model", {}).get("layers", ())
        for tensor in layer["tensors"]
    }
    weights = run.at("weight_norm")
    return {
        tensor: _of_the_first(finite, weights.get(tensor))
        for tensor, signal in run.at("update_ratio").items()
        if kinds.get(tensor) not in LOOKUPS and len(finite := signal.finite())
    }


def _of_the_first(ratios: Signal, weights: Signal | None) -> Signal:
    """The ratios, less where the weights are shorter than at first."""
    if weights is None or not len(weights) or not weights.values[0] > 0:
        return ratios
    lengths = np.interp(ratios.steps, weights.steps, weights.values)
    shrunk = np.nan_to_num(np.minimum(lengths / weights.values[0], 1.0), nan=1.0)
    return Signal(name=ratios.name, steps=ratios.steps, values=ratios.values * shrunk)


def travel(ratios: Signal, run: Run) -> float:
    """How far weights could have come, in lengths of their own: ratios summed by step.

    Steps that were not looked at are put between their neighbours (trapezoids); those
    after the last look are as long as its, or as the learning rate makes them.
    """
    steps, values = ratios.steps.astype(np.float64), ratios.values
    between = np.sum(np.diff(steps) * (values[1:] + values[:-1]) / 2)
    after = values[-1] * _steps_after(int(steps[-1]), run)
    return float(values[0] + between + after)


def _steps_after(look: int, run: Run) -> float:
    """Steps after a look, each counted as its learning rate over that at the look."""
    left, end = max(run.last_step - look, 0), run.last_step + 1
    rate = run.get("learning_rate")
    if not left or rate is None or not len(rate):
        return left
    begins = np.clip(rate.steps, look + 1, end)
    begins[0] = look + 1  # before the first that is known, it is that
    counts = np.diff(begins, append=end)
    place = int(np.searchsorted(rate.steps, look, side="right")) - 1
    at_look = rate.values[max(place, 0)]
    return float(counts @ rate.values / at_look) if at_look > 0 else left


def stride(ratios: dict[str, Signal]) -> Signal | None:
    """By look, the update ratio in the middle of all layers that were seen at it."""
    if not ratios:
        return None
    steps = max((signal.steps for signal in ratios.values()), key=len)
    together = [s.values for s in ratios.values() if np.array_equal(s.steps, steps)]
    middle = np.median(np.stack(together), axis=0)
    return Signal(name="train/update_ratio", steps=steps.copy(), values=middle)
