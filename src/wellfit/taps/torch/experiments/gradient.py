"""The gradient, against central differences of the same loss in float64.

Along a direction v, (L(w + tv) - L(w - tv)) / 2t is the derivative up to an error of t²
and of rounding, ε|L|/t: at its best ε^(2/3), 4e-11 of the loss's scale. A kink of a
ReLU is met by moving all weights a little at first, and by steps of several lengths,
which agree with each other where the loss is smooth.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from time import perf_counter
from typing import Any

import torch
from torch import Tensor
from torch.utils import _pytree as tree

from wellfit.taps.torch.experiments.randomness import borrowed
from wellfit.taps.torch.tape import Entry, Key, Tape, cast

JITTER = 1e-3  # of a tensor's own scale: off the kinks on which zero biases stand
SCALE = 1e-2  # of a tensor of zeros, whose own scale is none
STEPS = (1e-5, 1e-6, 1e-7)  # of the same, along a direction
SETTLED = 1e-5  # relative: so close, other steps need not be tried
COORDINATES = 2  # of each tensor, beside its two directions
FUNCTION = 1.0  # seconds for an input of one function
FLAT = 1e-6  # of what is told: the function does not move, as one that rounds
EPSILON = torch.finfo(torch.float64).eps
NOISE = 16.0  # roundings of the loss that a difference is made of, at least

Loss = Callable[[Tensor], float]  # of one tensor, all else being as it is


@dataclass(frozen=True, kw_only=True, slots=True)
class Compared:
    """A derivative as told by the backward pass, and as differences have it.

    `spread` is how far differences of several lengths are apart, `noise` what rounding
    makes of them.
    """

    told: float
    found: float
    spread: float
    noise: float

    @property
    def error(self) -> float:
        """Relative, beyond what rounding explains."""
        size = max(abs(self.told), abs(self.found))
        beyond = max(abs(self.told - self.found) - self.noise, 0.0)
        return beyond / size if size > 0 else 0.0

    def fact(self) -> dict[str, float]:
        """As a part of the fact `gradient_check`."""
        size = max(abs(self.told), abs(self.found))
        return {
            "error": self.error,
            "backward": self.told,
            "difference": self.found,
            "spread": self.spread / size if size > 0 else 0.0,
            "noise": self.noise / size if size > 0 else 0.0,
        }


def check_gradient(
    tape: Tape, names: Mapping[int, str], *, seconds: float
) -> tuple[dict[str, Any], dict[Key, Tensor]]:
    """The fact `gradient_check`; and the gradients at the place where it was made."""
    until = perf_counter() + seconds
    place = jittered(tape)
    with borrowed(0), torch.enable_grad():
        begun = perf_counter()
        loss = _play(tape, place, grad=True)
        found = torch.autograd.grad(loss, list(place.values()), allow_unused=True)
        lasted = perf_counter() - begun
    gradients = {
        key: torch.zeros_like(at) if told is None else told.detach()
        for (key, at), told in zip(place.items(), found, strict=True)
    }
    value = float(loss.detach())
    if not math.isfinite(value):
        raise ArithmeticError("the loss is not finite")
    fact: dict[str, Any] = {
        "precision": "float64",
        "loss": value,
        "seconds_a_pass": lasted,
        "functions": [f for f in _functions(tape, place, until) if f is not None],
        "parameters": [],
        "of": len(place),
    }
    for key in _spread_out(list(place)):
        if perf_counter() + 3 * lasted > until:
            break
        loss_of = _loss_of(tape, place, key)
        still = tape.still.get(key)
        at, told = place[key].detach(), gradients[key]
        worst = _worse(_all(at, told, loss_of, value, until, still))
        if worst is not None:
            name = names.get(key[0], "a tensor")
            fact["parameters"].append({"name": name, **worst.fact()})
    return fact, gradients


def jittered(tape: Tape) -> dict[Key, Tensor]:
    """The leaves in float64, moved a little, each asking for a gradient."""
    generator = torch.Generator().manual_seed(0)
    place = {}
    for key in tape.leaves:
        at = cast(tape.given[key], torch.float64)
        noise = torch.randn(at.shape, generator=generator, dtype=torch.float64)
        at += JITTER * _scale(at) * noise.to(at.device)
        place[key] = at.requires_grad_()
    return place


def _scale(at: Tensor) -> float:
    """The usual size of an element."""
    return max(float(at.detach().norm()) / math.sqrt(max(at.numel(), 1)), SCALE)


def _play(tape: Tape, weights: Mapping[Key, Tensor], *, grad: bool) -> Tensor:
    torch.manual_seed(0)  # whoever calls has borrowed the generators
    with torch.set_grad_enabled(grad):
        return tape.play(weights, dtype=torch.float64)


def _loss_of(tape: Tape, place: Mapping[Key, Tensor], key: Key) -> Loss:
    others = {k: at.detach() for k, at in place.items()}

    def loss(at: Tensor) -> float:
        with borrowed(0):
            return float(_play(tape, {**others, key: at}, grad=False))

    return loss


def _all(
    at: Tensor,
    gradient: Tensor,
    loss: Loss,
    value: float,
    until: float,
    still: int | None = None,
) -> list[Compared]:
    """Along some directions: whole ones first, then single coordinates.

    None of them moves the row `still`.
    """
    compared: list[Compared] = []
    for direction in _directions(gradient):
        if still is not None:
            direction[still] = 0.0
            if not bool(direction.any()):
                continue
        compared.append(compare(at, gradient, direction, loss, value))
        if perf_counter() > until:
            break
    return compared


def _worse(compared: list[Compared]) -> Compared | None:
    return max(compared, key=lambda c: c.error, default=None)


def _directions(gradient: Tensor) -> Iterator[Tensor]:
    """The gradient's own, one of random signs, and coordinates; each of length one."""
    size = float(gradient.norm())
    generator = torch.Generator().manual_seed(1)
    if size > 0:
        yield gradient / size
    signs = torch.randint(0, 2, gradient.shape, generator=generator) * 2.0 - 1.0
    yield signs.to(gradient) / max(gradient.numel(), 1) ** 0.5
    if gradient.numel() > 1:
        greatest = int(gradient.abs().argmax())
        some = torch.randint(0, gradient.numel(), (COORDINATES,), generator=generator)
        for place in dict.fromkeys([greatest, *some.tolist()][:COORDINATES]):
            one = torch.zeros_like(gradient)
            one.view(-1)[place] = 1.0
            yield one


def compare(
    at: Tensor, gradient: Tensor, direction: Tensor, loss: Loss, value: float
) -> Compared:
    """The derivative along a direction; more steps where the first disagrees."""
    told = float((gradient * direction).sum())
    reach = _scale(at) * float(direction.abs().gt(0).sum()) ** 0.5
    found: list[tuple[float, float]] = []
    for step in STEPS:
        by = step * reach
        ahead, behind = loss(at + by * direction), loss(at - by * direction)
        slope = (ahead - behind) / (2 * by)
        found.append((slope, NOISE * EPSILON * max(abs(value), abs(ahead)) / by))
        size = max(abs(told), abs(slope))
        if len(found) == 1 and abs(slope - told) <= SETTLED * size:
            return Compared(told=told, found=slope, spread=0.0, noise=found[0][1])
    pairs = list(pairwise(found))
    first, second = min(pairs, key=lambda pair: abs(pair[0][0] - pair[1][0]))
    return Compared(
        told=told,
        found=first[0],
        spread=abs(first[0] - second[0]),
        noise=second[1],
    )


def _spread_out(keys: list[Key]) -> list[Key]:
    """All of them, so that wherever time ends, those seen are from the whole depth."""
    order: list[Key] = []
    stride = len(keys)
    while len(order) < len(keys):
        order += [k for k in keys[:: max(stride, 1)] if k not in order]
        stride //= 2
    return order


# -- functions with a backward of their own ------------------------------------------


def _functions(
    tape: Tape, place: Mapping[Key, Tensor], until: float
) -> Iterator[dict[str, Any] | None]:
    """Each `torch.autograd.Function` of the script's, checked alone, once."""
    calls: dict[type, list[Entry]] = {}
    for entry in tape.customs:
        assert entry.custom is not None
        calls.setdefault(entry.custom, []).append(entry)
    for custom, entries in calls.items():
        said: dict[str, Any] = {"name": custom.__name__, "calls": len(entries)}
        if perf_counter() > until:
            yield {**said, "reason": "there was no time left"}
            continue
        try:
            with borrowed(0):
                yield said | _function(tape, place, entries[0])
        except Exception as error:
            yield {**said, "reason": f"{type(error).__name__}: {error}"}


def _function(tape: Tape, place: Mapping[Key, Tensor], entry: Entry) -> dict[str, Any]:
    """A function's backward pass against differences of its forward pass."""
    at = {key: value.detach() for key, value in place.items()}
    with torch.no_grad():
        given = tape.reached(entry, at, dtype=torch.float64)
    wanted = [
        n for n, key in enumerate(entry.leaves) if _differentiable(given[n], key, tape)
    ]
    inputs = [given[n].detach().clone().requires_grad_() for n in wanted]

    def outcome(values: list[Tensor]) -> list[Tensor]:
        filled = list(given)
        for n, value in zip(wanted, values, strict=True):
            filled[n] = value
        args, kwargs = tree.tree_unflatten(filled, entry.form)
        torch.manual_seed(0)
        made = tree.tree_leaves(entry.function(*args, **kwargs))
        return [m for m, k in zip(made, entry.made, strict=True) if k is not None]

    with torch.enable_grad():
        made = outcome(inputs)
        weights = _cotangents(made)
        total = sum((m * w).sum() for m, w in zip(made, weights, strict=True))
        assert isinstance(total, Tensor)
        told = torch.autograd.grad(total, inputs, allow_unused=True)

    worst: list[Compared] = []
    flat = False
    for n, (value, gradient) in enumerate(zip(inputs, told, strict=True)):

        def loss(moved: Tensor, n: int = n) -> float:
            values = [v.detach() for v in inputs]
            values[n] = moved
            with torch.no_grad():
                pairs = zip(outcome(values), weights, strict=True)
                return float(sum((m * w).sum() for m, w in pairs))

        own = torch.zeros_like(value) if gradient is None else gradient
        until = perf_counter() + FUNCTION
        whole = float(total.detach())
        compared = _all(value.detach(), own, loss, whole, until)
        flat |= abs(compared[0].found) <= FLAT * abs(compared[0].told)
        worst += compared
    same = len(made) == len(inputs) and all(
        m.shape == i.shape and torch.equal(m, i)
        for m, i in zip(made, inputs, strict=True)
    )
    found = _worse(worst)
    fact = {} if found is None else found.fact()
    return fact | {"identity": same, "flat": flat}


def _differentiable(value: Any, leaf: Any, tape: Tape) -> bool:
    """Whether that argument asked for a gradient."""
    if not isinstance(value, Tensor) or not value.is_floating_point():
        return False
    key = leaf.key
    return key[1] < 0 or key in tape.leaves


def _cotangents(made: list[Tensor]) -> list[Tensor]:
    generator = torch.Generator().manual_seed(2)
    return [
        torch.randn(m.shape, generator=generator, dtype=torch.float64).to(m)
        for m in made
    ]
