"""What can be put back of a training: weights, buffers, optimizers, scalers."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from weakref import ref

import torch
from torch import Tensor, nn

from wellfit.taps.torch.healing.course import Judge
from wellfit.taps.torch.numbers import whole

Optimizer = torch.optim.Optimizer


@dataclass(frozen=True, kw_only=True, slots=True)
class State:
    """A training as it was before a step, held in the memory of the host.

    The objects themselves are the script's, which may drop them: what is put back is
    what they held. Learning rates are noted, and never put back: a schedule goes by the
    steps of the script's own loop, and these are not undone.
    """

    clock: int  # steps of all optimizers that were done
    step: int  # of the run
    weights: "list[tuple[ref[Tensor], Tensor]]"  # the script's, and what it held
    buffers: "list[tuple[ref[nn.Module], str, Tensor]]"
    optimizers: "list[tuple[ref[Optimizer], list[tuple[ref[Tensor], Any]]]]"
    scalers: "list[tuple[ref[Any], dict[str, Any]]]"
    rates: dict[int, Any]  # of groups, by their `id`
    pasts: "list[tuple[ref[Optimizer], Judge]]"  # what was ordinary until then

    @torch.no_grad()
    def restore(self) -> None:
        """Put it back."""
        for there, held in self.weights:
            weight = there()
            if weight is not None:
                weight.data.copy_(held)
        for own, held in self._own_buffers():
            own.data.copy_(held)
        for made, states in self.optimizers:
            optimizer = made()
            if optimizer is not None:
                _restore(optimizer, states)
        for known, said in self.scalers:
            scaler = known()
            if scaler is not None:
                scaler.load_state_dict(said)

    @torch.no_grad()
    def mend_buffers(self) -> bool:
        """Put back those buffers that are not finite any more; whether there were any.

        A batch that was not finite went through them, say those of a batch norm.
        """
        spoilt = [
            (own, held)
            for own, held in self._own_buffers()
            if not finite([own]) and finite([held])
        ]
        for own, held in spoilt:
            own.data.copy_(held)
        return bool(spoilt)

    def _own_buffers(self) -> Iterator[tuple[Tensor, Tensor]]:
        for known, name, held in self.buffers:
            module = known()
            own = None if module is None else module._buffers.get(name)
            if own is not None and own.shape == held.shape:
                yield own, held

    def tensors(self) -> Iterator[tuple[str, Tensor]]:
        """All its tensors, each with a name."""
        for place, (_, held) in enumerate(self.weights):
            yield f"weight.{place}", held
        for place, (_, name, held) in enumerate(self.buffers):
            yield f"buffer.{place}.{name}", held
        for number, (_, states) in enumerate(self.optimizers):
            for place, (_, held) in enumerate(states):
                for name, value in _tensors(held):
                    yield f"optimizer.{number}.{place}.{name}", value


def take(
    judges: Mapping[Optimizer, Judge],
    modules: Iterable[nn.Module],
    scalers: Iterable[Any],
    *,
    clock: int,
    step: int,
) -> State | None:
    """The state as it is now; None where a number in it is not finite already.

    `judges` are those of the optimizers that are part of it.
    """
    known = list(judges)
    weights = {id(p): p for o in known for p in weights_of(o)}
    states = [(o, [(p, o.state.get(p)) for p in weights_of(o)]) for o in known]
    held = [*weights.values()]
    held += [t for _, all_ in states for _, s in all_ for _, t in _tensors(s)]
    if not finite(held):
        return None
    return State(
        clock=clock,
        step=step,
        weights=[(ref(p), _copy(p)) for p in weights.values()],
        buffers=[(ref(m), n, _copy(b)) for m, n, b in _buffers(modules, weights)],
        optimizers=[
            (ref(o), [(ref(p), _copied(s)) for p, s in all_]) for o, all_ in states
        ],
        scalers=[(ref(scaler), dict(scaler.state_dict())) for scaler in scalers],
        pasts=[(ref(o), judge.past()) for o, judge in judges.items()],
        rates={id(g): _number(g.get("lr")) for o in known for g in o.param_groups},
    )


def weights_of(optimizer: Optimizer) -> list[Tensor]:
    """What an optimizer trains."""
    return [p for group in optimizer.param_groups for p in group["params"]]


def finite(tensors: Iterable[Tensor]) -> bool:
    """Whether all their numbers are; by their norm, which is quick."""
    norm = norm_of(tensors)
    return norm is None or bool(torch.isfinite(norm))


def norm_of(tensors: Iterable[Tensor]) -> Tensor | None:
    """The L2 norm of all their numbers together; None of no such tensor."""
    numbers = [whole(t) for t in tensors if t.is_floating_point() or t.is_complex()]
    numbers = [n for n in numbers if n.numel()]
    if not numbers:
        return None
    wide = torch.float64 if numbers[0].dtype == torch.float64 else torch.float32
    norms = torch._foreach_norm(numbers, 2, dtype=wide)
    device = norms[0].device
    norm: Tensor = torch.linalg.vector_norm(torch.stack([n.to(device) for n in norms]))
    return norm


def _buffers(
    modules: Iterable[nn.Module], weights: dict[int, Tensor]
) -> Iterator[tuple[nn.Module, str, Tensor]]:
    """Those of models that hold a weight which is trained, each once."""
    seen: set[int] = set()
    for root in modules:
        if not any(id(p) in weights for p in root.parameters()):
            continue
        for module in root.modules():
            for name, buffer in module._buffers.items():
                if buffer is not None and id(buffer) not in seen:
                    seen.add(id(buffer))
                    yield module, name, buffer


def _restore(optimizer: Optimizer, states: "list[tuple[ref[Tensor], Any]]") -> None:
    for there, held in states:
        weight = there()
        if weight is None:
            continue
        if held is None:
            optimizer.state.pop(weight, None)
        else:
            own = optimizer.state.get(weight)
            optimizer.state[weight] = _put(own, held, weight)


def _copy(tensor: Tensor) -> Tensor:
    return tensor.detach().to("cpu", copy=True)


def _copied(held: Any) -> Any:
    """A copy of what an optimizer keeps for a weight: numbers, tensors, lists."""
    if isinstance(held, Tensor):
        return _copy(held)
    if isinstance(held, dict):
        return {key: _copied(value) for key, value in held.items()}
    if isinstance(held, list | tuple):
        return type(held)(_copied(value) for value in held)
    return held


def _put(own: Any, held: Any, weight: Tensor) -> Any:
    """What an optimizer is to keep: its own tensors, where they still fit, as held."""
    if isinstance(held, Tensor):
        if isinstance(own, Tensor) and own.shape == held.shape:
            own.data.copy_(held)
            return own
        # A count stays with the host, as optimizers keep it; all else is by its weight.
        return held.clone() if held.ndim == 0 else held.to(weight.device, copy=True)
    if isinstance(held, dict):
        known = own if isinstance(own, dict) else {}
        return {key: _put(known.get(key), value, weight) for key, value in held.items()}
    if isinstance(held, list | tuple):
        return type(held)(_put(None, value, weight) for value in held)
    return held


def _tensors(held: Any, name: str = "") -> Iterator[tuple[str, Tensor]]:
    """The tensors of what an optimizer keeps, each with its name."""
    if isinstance(held, Tensor):
        yield name, held
    elif isinstance(held, dict):
        for key, value in held.items():
            yield from _tensors(value, f"{name}.{key}" if name else str(key))
    elif isinstance(held, list | tuple):
        for place, value in enumerate(held):
            yield from _tensors(value, f"{name}.{place}" if name else str(place))


def _number(rate: Any) -> Any:
    return float(rate) if isinstance(rate, Tensor) else rate
