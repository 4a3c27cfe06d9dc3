"""A step's way from the weights to its loss, written down so that it can be gone again.

Every call of a PyTorch function whose result needs a gradient is noted with what it was
given. The tape then gives the loss of other weights, of another precision, without the
script: whatever is not differentiated (targets, masks, what was detached) stays what it
was. Nothing of the script's is changed; what is kept is copied.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode
from torch.utils import _pytree as tree

from wellfit.taps.torch.doors import usual

MOST = 50_000  # calls of one step that are written down; a longer one is not checked
TAPS = Path(__file__).parent.parent
FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
COMPLEX = (torch.complex64, torch.complex128)
CASTS = (Tensor.float, Tensor.half, Tensor.bfloat16, Tensor.double)
DROPOUTS = (
    functional.dropout,
    functional.dropout1d,
    functional.dropout2d,
    functional.dropout3d,
    functional.alpha_dropout,
    functional.feature_alpha_dropout,
)

Key = tuple[int, int]  # a tensor's id, and its version; -1 of what a call has made


class Ref(NamedTuple):
    """A tensor that a call was given."""

    key: Key


@dataclass(slots=True)
class Entry:
    """A call: its function, its arguments flattened, and the tensors that it made."""

    function: Callable[..., Any]
    leaves: list[Any]
    form: Any
    made: list[Key | None]  # of the flattened result
    changed: list[tuple[int, Key]]  # place among the arguments, what it became
    sizes: list[tuple[int, ...]]  # of the tensors that it was given, and that it made
    custom: type | None = None  # the `torch.autograd.Function` that was applied


@dataclass(slots=True)
class Tape:
    """One step: calls in order, from constants and leaves to `loss`."""

    entries: list[Entry]
    loss: Key
    value: float  # the loss that the script had
    given: dict[Key, Tensor]  # copies of constants and leaves, as they were
    leaves: dict[Key, Tensor]  # the script's own tensors that get a gradient
    keep: list[Any] = field(default_factory=list)  # so that no id is used twice
    broken: str | None = None

    def play(
        self,
        weights: Mapping[Key, Tensor],
        *,
        dtype: torch.dtype,
        dropout: bool = True,
    ) -> Tensor:
        """The loss with these in the place of leaves or constants, computed in `dtype`.

        Random draws of the functions themselves (dropout) are the same at each call:
        the caller sets the seed.
        """
        known: dict[Key, Tensor] = dict(weights)
        for entry in self.entries:
            flat = self._arguments(entry, known, dtype)
            self._step(entry, flat, known, dtype, dropout=dropout)
        return known[self.loss]

    def reached(
        self, last: Entry, weights: Mapping[Key, Tensor], *, dtype: torch.dtype
    ) -> list[Any]:
        """What that call is given, flattened, with these weights."""
        known: dict[Key, Tensor] = dict(weights)
        for entry in self.entries:
            flat = self._arguments(entry, known, dtype)
            if entry is last:
                return flat
            self._step(entry, flat, known, dtype, dropout=True)
        raise LookupError("no call of this tape")

    def _arguments(
        self, entry: Entry, known: dict[Key, Tensor], dtype: torch.dtype
    ) -> list[Any]:
        flat = [self._given(leaf, known, dtype) for leaf in entry.leaves]
        for place, _ in entry.changed:
            if entry.leaves[place].key in self.given:  # a constant is written into
                flat[place] = flat[place].clone()
        return flat

    @staticmethod
    def _step(
        entry: Entry,
        flat: list[Any],
        known: dict[Key, Tensor],
        dtype: torch.dtype,
        *,
        dropout: bool,
    ) -> None:
        args, kwargs = tree.tree_unflatten(flat, entry.form)
        result = _call(entry, args, kwargs, dtype, dropout=dropout)
        pairs = zip(entry.made, tree.tree_leaves(result), strict=True)
        known.update({key: value for key, value in pairs if key is not None})
        for place, key in entry.changed:
            known[key] = flat[place]

    def _given(self, leaf: Any, known: dict[Key, Tensor], dtype: torch.dtype) -> Any:
        if isinstance(leaf, Ref):
            found = known.get(leaf.key)
            if found is None:
                found = known[leaf.key] = cast(self.given[leaf.key], dtype)
            return found
        return like(leaf, dtype)

    @property
    def customs(self) -> list[Entry]:
        """The calls of functions with a backward of their own, none of PyTorch's."""
        return [e for e in self.entries if e.custom is not None and _theirs(e.custom)]

    @property
    def still(self) -> dict[Key, int]:
        """Rows of embeddings for padding: their gradient is zero on purpose."""
        found = {}
        for entry in self.entries:
            if entry.function is functional.embedding and len(entry.leaves) > 2:
                weight, padding = entry.leaves[1:3]
                if isinstance(weight, Ref) and isinstance(padding, int):
                    found[weight.key] = padding
        return found


def cast(value: Tensor, dtype: torch.dtype) -> Tensor:
    """A copy in that precision, where it is of floating point."""
    wanted = like(value.dtype, dtype)
    return value.detach().to(wanted, copy=True)


def like(value: Any, dtype: torch.dtype) -> Any:
    """A precision becomes `dtype`, or the complex one to it; anything else stays."""
    if value in FLOATS if isinstance(value, torch.dtype) else False:
        return dtype
    if isinstance(value, torch.dtype) and value in COMPLEX:
        return torch.complex128 if dtype == torch.float64 else torch.complex64
    return value


def _call(
    entry: Entry, args: Any, kwargs: Any, dtype: torch.dtype, *, dropout: bool
) -> Any:
    function = entry.function
    if function in CASTS:
        return args[0].to(dtype)
    if not dropout and function in DROPOUTS:
        return args[0]
    if not dropout and function is functional.multi_head_attention_forward:
        kwargs = {**kwargs, "training": False}
    return function(*args, **kwargs)


def _theirs(custom: type) -> bool:
    return not custom.__module__.startswith("torch.")


class Recording(TorchFunctionMode):
    """Writes a tape of all that leads to the next backward pass.

    `ended` is told the tape when a backward pass begins. While it is not `on`, it lets
    everything pass.
    """

    def __init__(self, ended: Callable[[Tape], None]) -> None:
        super().__init__()
        self.on = True
        self._ended = ended
        self._clear()

    def _clear(self) -> None:
        self._entries: list[Entry] = []
        self._given: dict[Key, Tensor] = {}
        self._leaves: dict[Key, Tensor] = {}
        self._made: set[int] = set()
        self._keep: list[Any] = []
        self._broken: str | None = None

    def __torch_function__(
        self, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        """One call of a function of PyTorch."""
        function, named = _original(function), kwargs or {}
        if not self.on or not torch.is_grad_enabled():
            return function(*args, **named)
        if function is _BACKWARD:
            self._end(args[0])
            return function(*args, **named)
        return self.noted(function, args, named, None)

    def noted(self, function: Any, args: Any, named: Any, custom: type | None) -> Any:
        """Call it, and write the call down where its result needs a gradient."""
        before = self._before(function, args, named)
        result = function(*args, **named)
        if self.on and (_needs(result) or before is not None):
            self._write(function, args, named, result, before, custom)
        return result

    def _before(self, function: Any, args: Any, named: Any) -> list[Key | None] | None:
        """Of a call that changes its argument: the keys, and copies of constants."""
        name = getattr(function, "__name__", "")
        inside = name.endswith("_") and not name.endswith("__")
        if not (inside or name in _CHANGING or named.get("inplace")):
            return None
        flat = tree.tree_leaves((args, named))
        if not any(isinstance(x, Tensor) and x.requires_grad for x in flat):
            return None
        if isinstance(flat[0], Tensor) and flat[0].is_leaf and flat[0].requires_grad:
            return None  # a parameter is marked, or made
        for one in flat:
            if isinstance(one, Tensor):
                self._know(one)
        return self._keys(flat)

    def _keys(self, flat: list[Any]) -> list[Key | None]:
        return [self._key(x) if isinstance(x, Tensor) else None for x in flat]

    def _key(self, tensor: Tensor) -> Key:
        """What a tensor is known by as it is now.

        What a call has made is changed in place by other calls only, and so it is when
        the tape is played; a constant may be changed by anybody.
        """
        if id(tensor) in self._made:
            return id(tensor), -1
        return id(tensor), 0 if tensor.is_inference() else tensor._version

    def _write(
        self,
        function: Any,
        args: Any,
        named: Any,
        result: Any,
        before: list[Key | None] | None,
        custom: type | None,
    ) -> None:
        if len(self._entries) >= MOST:
            self._broken = f"a step makes more than {MOST:,} calls"
            return
        flat, form = tree.tree_flatten((args, named))
        keys = before or self._keys(flat)
        if before is None:
            for one in flat:
                if isinstance(one, Tensor):
                    self._know(one)
        changed = []
        if before is not None and _follows(flat[0]):
            changed = [(0, (id(flat[0]), -1))]
        made = [(id(x), -1) if _follows(x) else None for x in tree.tree_leaves(result)]
        self._made.update(key[0] for key in made if key is not None)
        self._made.update(key[0] for _, key in changed)
        leaves = [
            x if key is None else Ref(key) for x, key in zip(flat, keys, strict=True)
        ]
        sizes = [
            tuple(x.shape)
            for x in (*flat, *tree.tree_leaves(result))
            if isinstance(x, Tensor)
        ]
        self._entries.append(
            Entry(function, leaves, form, made, changed, sizes, custom)
        )
        self._keep += (flat, result)

    def _know(self, tensor: Tensor) -> None:
        """Keep what a call is given, where no call before has made it."""
        key = self._key(tensor)
        if key[1] < 0 or key in self._given:
            return
        if not usual(tensor):
            self._broken = f"a {type(tensor).__name__} of an unusual layout is used"
            return
        if tensor.requires_grad:
            if not tensor.is_leaf:
                self._broken = "a part of the way to the loss was not seen"
            self._leaves[key] = tensor
        self._given[key] = tensor.detach().clone()

    def _end(self, loss: Tensor) -> None:
        key = self._key(loss)
        if loss.numel() == 1 and (key[1] < 0 or self._broken):
            entries = _leading_to(key, self._entries)
            used = {x.key for e in entries for x in e.leaves if isinstance(x, Ref)}
            tape = Tape(
                entries=entries,
                loss=key,
                value=float(loss.detach()),
                given=self._given,
                leaves={k: leaf for k, leaf in self._leaves.items() if k in used},
                keep=self._keep,
                broken=self._broken,
            )
            self._clear()
            self._ended(tape)
        else:
            self._clear()


_CHANGING = {"__setitem__", "__iadd__", "__isub__", "__imul__", "__itruediv__"}


def _original(function: Any) -> Any:
    """What a function of the taps stands for: they see the call already."""
    while (inner := getattr(function, "__wrapped__", None)) is not None:
        code = getattr(function, "__code__", None)
        if code is None or TAPS not in Path(code.co_filename).parents:
            break
        function = inner
    return function


_BACKWARD = _original(Tensor.backward)


def _needs(result: Any) -> bool:
    if isinstance(result, (tuple, list, dict)):
        return any(_follows(x) for x in tree.tree_leaves(result))
    return _follows(result)


def _follows(value: Any) -> bool:
    """Whether it is a tensor that a gradient goes through, and no leaf."""
    return isinstance(value, Tensor) and value.requires_grad and not value.is_leaf


def _leading_to(loss: Key, entries: list[Entry]) -> list[Entry]:
    """The calls that the loss depends on; all of them where some change in place."""
    if any(entry.changed for entry in entries):
        return entries
    needed, kept = {loss}, []
    for entry in reversed(entries):
        if needed.intersection(key for key in entry.made if key is not None):
            kept.append(entry)
            needed.update(x.key for x in entry.leaves if isinstance(x, Ref))
    return kept[::-1]
