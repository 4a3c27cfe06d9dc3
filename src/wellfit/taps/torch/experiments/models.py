"""What a model does with a batch, tried on copies of it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from wellfit.taps.torch.experiments.calls import ModelCall
from wellfit.taps.torch.experiments.randomness import borrowed
from wellfit.taps.torch.tape import DROPOUTS

NORMS = (nn.modules.batchnorm._BatchNorm,)
DROPPING = (nn.modules.dropout._DropoutNd,)
CELLS = (nn.RNNCellBase,)
SEQUENTIAL = (*CELLS, nn.RNNBase, nn.MultiheadAttention)
SAMPLES = 2  # whose outputs are followed back to the batch
REACHES = 1e-6  # of a sample's own gradient: more than rounding may carry over
MOST_COLUMNS = 4096
DRAWS = {
    "bernoulli",
    "bernoulli_",
    "exponential_",
    "gumbel_softmax",
    "multinomial",
    "normal",
    "normal_",
    "poisson",
    "rand",
    "rand_like",
    "randint",
    "randint_like",
    "randn",
    "randn_like",
    "randperm",
    "rsample",
    "rrelu",
    "uniform_",
    *(function.__name__ for function in DROPOUTS),
}


class _Draws(TorchFunctionMode):
    """Which functions that draw at random are called."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []
        self.dropout = False  # in eval mode

    def __torch_function__(
        self, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        name = getattr(function, "__name__", "")
        named = kwargs or {}
        if name in DRAWS:
            training = named.get("training", args[2] if len(args) > 2 else True)
            rate = named.get("p", args[1] if len(args) > 1 else 0.5)
            if function not in DROPOUTS:
                self.names.append(name)
            elif training and rate:
                self.names.append(name)
                self.dropout = True
        return function(*args, **named)


def repeatable(call: ModelCall) -> dict[str, Any]:
    """The fact `repeatable`: are the same seed and batch the same outputs, in training;
    and, whatever the seed, in evaluation?
    """
    first, second = call.copied().train(), call.copied().train()
    with torch.no_grad():
        seen: list[dict[str, Tensor]] = []
        outputs = []
        for model in (first, second):
            with borrowed(0), _layers(model) as layers:
                outputs.append(call.again(model))
            seen.append(layers)
        differs = [n for n in seen[0] if not _same(seen[0][n], seen[1].get(n))]
        evaluated, draws = [], _Draws()
        model = call.copied().eval()
        for seed in (1, 2):
            with borrowed(seed), draws:
                evaluated.append(call.again(model))
    parts = list(call.model.modules())
    return {
        "train": all(map(_same, *outputs)),
        "differs": differs[:3],
        "apart": max(map(_apart, *outputs), default=0.0),
        "eval": all(map(_same, *evaluated)),
        "draws": list(dict.fromkeys(draws.names)),
        "dropout_in_eval": draws.dropout,
        "mode": "train" if call.model.training else "eval",
        "dropout": sum(isinstance(m, DROPPING) and m.p > 0 for m in parts),
        "batch_norm": sum(isinstance(m, NORMS) for m in parts),
    }


@contextmanager
def _layers(model: nn.Module) -> Iterator[dict[str, Tensor]]:
    """The first output of each layer that does something itself, by name."""
    seen: dict[str, Tensor] = {}

    def hook(name: str) -> Callable[..., None]:
        def keep(_: Any, __: Any, output: Any) -> None:
            if isinstance(output, Tensor):
                seen.setdefault(name, output.detach())

        return keep

    handles = [
        part.register_forward_hook(hook(name))
        for name, part in model.named_modules()
        if name and not any(True for _ in part.children())
    ]
    try:
        yield seen
    finally:
        for handle in handles:
            handle.remove()


def _same(one: Tensor, other: Tensor | None) -> bool:
    if other is None or one.shape != other.shape:
        return False
    return bool(torch.equal(one.nan_to_num(), other.nan_to_num()))


def _apart(one: Tensor, other: Tensor) -> float:
    """How far two outputs are apart, over their size."""
    if one.shape != other.shape:
        return 1.0
    size = max(float(one.abs().max()), 1e-30) if one.numel() else 1.0
    return float((one - other).abs().max()) / size if one.numel() else 0.0


# -- samples ---------------------------------------------------------------------------


def leak(call: ModelCall, rows: int | None) -> dict[str, Any]:
    """The fact `batch_leak`: does a sample's output depend on the others of its batch?

    In `eval()` mode, where a batch normalisation does not mix them. `rows` is how many
    samples the loss was given, where that is known.
    """
    batch = call.batch
    if batch is None:
        raise LookupError("the model is given no tensor")
    dim = _batch_dim(call, batch, rows)
    model = call.copied().eval()
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    output = _output(call.output, batch.shape[dim], dim)
    if output is None:
        raise LookupError("its outputs have no row for each sample")
    place, out_dim = output
    with borrowed(0), torch.no_grad(), _batched(model):
        call.again(model)
    followed = _by_gradient if batch.is_floating_point() else _by_exchange
    found: dict[str, Any] = {"leaks": False, "share": 0.0}
    for sample in _samples(batch.shape[dim]):
        with borrowed(0):
            share, other = followed(call, model, batch, dim, sample, place, out_dim)
        if share > found["share"]:
            found |= {"share": share, "sample": sample, "other": other}
    found["leaks"] = found["share"] > REACHES
    mixing = _mixes(call, batch.shape[dim])
    return {**found, "rows": batch.shape[dim], "dimension": dim, "mixing": mixing}


@contextmanager
def _batched(model: nn.Module) -> Iterator[None]:
    """Within it a recurrent or attending layer that gets a single sequence says so."""

    def look(part: nn.Module, args: Any) -> None:
        least = 2 if isinstance(part, CELLS) else 3
        if args and isinstance(args[0], Tensor) and args[0].ndim < least:
            raise LookupError("the batch is one sequence, or of packed ones")

    parts = [m for m in model.modules() if isinstance(m, SEQUENTIAL)]
    handles = [part.register_forward_pre_hook(look) for part in parts]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _samples(rows: int) -> list[int]:
    return sorted({0, rows // 2})[:SAMPLES]


def _batch_dim(call: ModelCall, batch: Tensor, rows: int | None) -> int:
    """Which dimension counts the samples."""
    if rows is not None and batch.shape[0] != rows:
        if batch.ndim > 1 and batch.shape[1] == rows:
            return 1
        raise LookupError(
            "which dimension of the batch counts its samples is not known"
        )
    steps_first = any(
        getattr(part, "batch_first", None) is False or isinstance(part, CELLS)
        for part in call.model.modules()
    )
    unsure = rows is None or (batch.ndim > 1 and batch.shape[1] == rows)
    if steps_first and (unsure or (batch.ndim < 3 and batch.is_floating_point())):
        raise LookupError(
            "which dimension of the batch counts its samples is not known"
        )
    if batch.shape[0] < 2:
        raise LookupError("the batch is of one sample")
    return 0


def _output(output: Any, rows: int, dim: int) -> tuple[int, int] | None:
    """The first output with as many rows: its place, and the dimension that counts."""
    for place, tensor in enumerate(tensors for tensors in _floats(output)):
        for out_dim in dict.fromkeys((dim, 0)):
            if tensor.ndim > out_dim and tensor.shape[out_dim] == rows:
                return place, out_dim
    return None


def _floats(output: Any) -> Iterator[Tensor]:
    from wellfit.taps.torch.experiments.calls import tensors_of

    yield from tensors_of(output)


def _by_gradient(
    call: ModelCall,
    model: nn.Module,
    batch: Tensor,
    dim: int,
    sample: int,
    place: int,
    out_dim: int,
) -> tuple[float, int]:
    """The greatest gradient at another sample, over that at its own."""
    entered = batch.detach().clone().requires_grad_()
    with torch.enable_grad():
        output = call.again(model, entered)[place].select(out_dim, sample)
        weights = torch.randn(output.shape, dtype=output.dtype, device=output.device)
        (found,) = torch.autograd.grad(
            (output * weights).sum(), entered, allow_unused=True
        )
    if found is None:
        raise LookupError("no gradient goes back to the batch")
    sizes = found.movedim(dim, 0).flatten(1).abs().amax(1)
    own = float(sizes[sample])
    sizes[sample] = 0.0
    other = int(sizes.argmax())
    greatest = float(sizes[other])
    return (greatest / own if own > 0 else float(greatest > 0)), other


def _by_exchange(
    call: ModelCall,
    model: nn.Module,
    batch: Tensor,
    dim: int,
    sample: int,
    place: int,
    out_dim: int,
) -> tuple[float, int]:
    """How much the output changes with all other samples replaced by that one's own."""
    alone = batch.select(dim, sample).unsqueeze(dim).expand_as(batch).contiguous()
    with torch.no_grad():
        before = call.again(model)[place].select(out_dim, sample)
        after = call.again(model, alone)[place].select(out_dim, sample)
    if before.shape != after.shape:
        raise LookupError("its outputs have another shape for other samples")
    apart = _apart(before, after)
    # What is computed in another order is rounded otherwise.
    limit = 1e3 * torch.finfo(before.dtype).eps
    return (apart if apart > limit else 0.0), (sample + 1) % batch.shape[dim]


def _mixes(call: ModelCall, rows: int) -> bool:
    """Whether samples are perhaps meant to be mixed: the nodes of a graph, say."""
    square = [t for t in (*call.others, *call.model.buffers()) if t.ndim == 2]
    for tensor in square:
        if tensor.is_sparse or tuple(tensor.shape) == (rows, rows):
            return True
        if 2 in tensor.shape and not tensor.is_floating_point():
            return True  # a list of edges
    return False


# -- inputs ----------------------------------------------------------------------------


def unread(
    call: ModelCall, weights: Callable[[nn.Module], None]
) -> dict[str, Any] | None:
    """Which columns of the batch the outputs do not depend on; None where unknown.

    `weights` moves a copy's parameters a little: one that begins at zero hides nothing.
    """
    batch = call.batch
    if batch is None or not batch.is_floating_point() or batch.ndim < 2:
        return None
    if any(t.is_floating_point() for t in call.others):
        raise LookupError("the model is given several tensors")
    model = call.copied().eval()
    weights(model)
    entered = batch.detach().clone().requires_grad_()
    with borrowed(0), torch.enable_grad():
        made = [t for t in call.again(model, entered) if t.requires_grad]
        if not made:
            raise LookupError("its outputs carry no gradient")
        total = torch.stack([_weighted(t) for t in made]).sum()
        grads: tuple[Tensor | None, ...] = torch.autograd.grad(
            total, entered, allow_unused=True
        )
    found = grads[0]
    if found is None:
        return {"columns": None, "of": batch.shape[-1], "none": True}
    none = not bool(found.any())
    if batch.ndim != 2 or batch.shape[1] > MOST_COLUMNS:
        return {"columns": None, "of": batch.shape[-1], "none": none}
    silent = (~found.any(0)).nonzero().flatten().tolist()
    return {"columns": silent, "of": batch.shape[1], "none": none}


def _weighted(output: Tensor) -> Tensor:
    weights = torch.randn(output.shape, dtype=output.dtype, device=output.device)
    return (output * weights).sum()
