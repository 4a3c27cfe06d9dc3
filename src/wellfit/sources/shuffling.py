"""The order of the rows: of a DataLoader, or of batches that are cut by hand."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import libcst as cst

from wellfit.sources.bindings import Bindings, Made
from wellfit.sources.project import Left, Project
from wellfit.sources.steps import RATES, beside, importing
from wellfit.sources.text import (
    Swap,
    Text,
    argument,
    expression,
    given,
    keyword,
    nodes,
    positional,
    written,
)

LOADER = "torch.utils.data.DataLoader"
PASSING = frozenset({"enumerate", "tqdm", "tqdm.tqdm", "tqdm.auto.tqdm"})
OWN_ORDER = ("sampler", "batch_sampler", "generator")
DEEPEST = 3  # calls from a loop to `backward`
ORDERS = ("order", "shuffled_order", "order_of_rows")  # how the order may be called


def shuffle_batches(project: Project, params: Mapping[str, Any]) -> Project | Left:
    """Have DataLoaders shuffle that are trained from, and batches cut by hand."""
    found = _loaders(project)
    by_hand = shuffle_by_hand(found if isinstance(found, Project) else project, params)
    if isinstance(by_hand, Project):
        return by_hand
    return found


def _loaders(project: Project) -> Project | Left:
    bindings = Bindings(project)
    swaps: dict[Path, dict[cst.CSTNode, Swap]] = {}
    for made in trained_from(bindings):
        call: Any = made.node
        why = _unfit(call)
        if why:
            return Left(why=f"the DataLoader that is trained from has {why}")
        swaps.setdefault(made.path, {})[call] = _shuffled
    if not swaps:
        return Left(why="the text makes no DataLoader that it trains from")
    texts = bindings.texts
    return project.edited({p: texts[p].edited(s) for p, s in swaps.items()})


def trained_from(bindings: Bindings) -> list[Made]:
    """Where the DataLoaders are made that a loop trains from."""
    found: list[Made] = []
    for path, text in bindings.texts.items():
        for loop in text.all(cst.For):
            found += [m for m in _iterated(bindings, path, loop) if m not in found]
    return found


def _iterated(bindings: Bindings, path: Path, loop: cst.For) -> list[Made]:
    """The DataLoaders that a loop trains from."""
    text, given_to = bindings.texts[path], loop.iter
    while isinstance(given_to, cst.Call) and given_to.args:
        name = text.called(given_to) or written(given_to.func)
        if name not in PASSING:
            break
        given_to = given_to.args[0].value
    behind = bindings.behind(Made(path, given_to)) or []
    loaders = [m for m in behind if bindings.texts[m.path].called(m.node) == LOADER]
    trains = bool(loaders) and len(loaders) == len(behind) and _trains(text, loop)
    return loaders if trains else []


def _trains(text: Text, top: cst.CSTNode) -> bool:
    """Whether gradients are made in it, or in a function of the file that it calls."""
    return any(
        isinstance(call.func, cst.Attribute) and call.func.attr.value == "backward"
        for call in _called(text, top)
    )


def _called(text: Text, top: cst.CSTNode, depth: int = 0) -> Iterator[cst.Call]:
    """The calls in it, and in the functions of the file that these call."""
    functions = {
        node.name.value: node
        for node in text.module.body
        if isinstance(node, cst.FunctionDef)
    }
    for call in nodes(top, cst.Call):
        yield call
        function = functions.get(text.called(call))
        if function is not None and depth < DEEPEST:
            yield from _called(text, function, depth + 1)


def _unfit(call: cst.Call) -> str:
    """Why a DataLoader cannot be told to shuffle; "" where it can."""
    args = positional(call)
    if args is None:
        return "arguments by a star"
    shuffle = argument(call, "shuffle", 2)
    if shuffle is not None and written(shuffle.value) not in ("False", "True"):
        return f"shuffle={written(shuffle.value)}"
    own = [name for name in OWN_ORDER if argument(call, name) is not None]
    return f"{own[0]} of its own" if own or len(args) > 3 else ""


def _shuffled(call: cst.Call) -> cst.Call:
    shuffle = argument(call, "shuffle", 2)
    if shuffle is None:
        return given(call, keyword("shuffle", "True"))
    args = [
        a.with_changes(value=expression("True")) if a is shuffle else a
        for a in call.args
    ]
    return call.with_changes(args=args)


def shuffle_by_hand(project: Project, params: Mapping[str, Any]) -> Project | Left:
    """Cut at random what is cut as `x[i : i + size]`, for all `i` from 0 on."""
    bindings, codes = Bindings(project), {}
    for path, text in bindings.texts.items():
        swaps: dict[cst.CSTNode, Swap] = {}
        for loop in text.all(cst.For) if "range(0" in text.code else ():
            swaps |= _cut(bindings, path, loop)
        if swaps:
            codes[path] = text.edited(swaps)
    if not codes:
        return Left(why="no batches are cut from tensors, in order, in the text")
    return importing(project.edited(codes), codes, "torch")


def _cut(bindings: Bindings, path: Path, loop: cst.For) -> dict[cst.CSTNode, Swap]:
    """The edits of a loop over the places of batches; none where it may be another."""
    text, said = bindings.texts[path], _range(bindings.texts[path], loop)
    if said is None or not _trains(text, loop):
        return {}
    count, place, size = said
    wanted = {f"{place}:{place}+{size}", f"{place}:{size}+{place}"}
    cuts = [
        s
        for s in nodes(loop.body, cst.Subscript)
        if len(s.slice) == 1 and _close(written(s.slice[0])) in wanted
    ]
    reads = [n for n in nodes(loop.body, cst.Name) if n.value == place]
    tensors = all(_is_tensor(bindings, Made(path, s.value)) for s in cuts)
    if not cuts or len(reads) != 2 * len(cuts) or not tensors:
        return {}
    order = _free(text)
    if order is None:
        return {}
    torch = text.spelled("torch") or "torch"
    swaps: dict[cst.CSTNode, Swap] = {
        loop: beside(f"{order} = {torch}.randperm({count})\n", after=False)
    }
    for cut in cuts:
        swaps[cut] = _ordered(order)
    return swaps


def _ordered(order: str) -> Swap:
    def swap(cut: cst.Subscript) -> cst.Subscript:
        inner = cut.with_changes(value=cst.Name(order), lpar=(), rpar=())
        element = cst.SubscriptElement(slice=cst.Index(value=inner))
        return cut.with_changes(slice=[element])

    return swap


def _range(text: Text, loop: cst.For) -> tuple[str, str, str] | None:
    """Rows, place and size as they are said: `for place in range(0, rows, size)`."""
    call = loop.iter
    if not isinstance(call, cst.Call) or written(call.func) != "range":
        return None
    args = positional(call)
    if args is None or len(args) != 3 or written(args[0].value) != "0":
        return None
    if not isinstance(loop.target, cst.Name):
        return None
    return written(args[1].value), loop.target.value, _close(written(args[2].value))


def _close(code: str) -> str:
    """The code of an expression without blanks, or the comma of a subscript."""
    return code.replace(" ", "").rstrip(",")


def _is_tensor(bindings: Bindings, made: Made) -> bool:
    """Whether it is surely a tensor, in an order of its own."""
    behind = bindings.behind(made)
    return bool(behind) and all(_made_by_torch(bindings, m) for m in behind or ())


def _made_by_torch(bindings: Bindings, made: Made) -> bool:
    text, node = bindings.texts[made.path], made.node
    if isinstance(node, cst.Subscript):
        return _is_tensor(bindings, Made(made.path, node.value))
    if isinstance(node, cst.BinaryOperation):
        sides = (node.left, node.right)
        return any(_is_tensor(bindings, Made(made.path, side)) for side in sides)
    if not isinstance(node, cst.Call):
        return False
    name = text.called(node)
    if name.startswith("torch."):
        return not name.startswith("torch.randperm")  # it has an order already
    inner = node.func
    return isinstance(inner, cst.Attribute) and _is_tensor(
        bindings, Made(made.path, inner.value)
    )


def _free(text: Text) -> str | None:
    """A name that nothing has; None where it has been shuffled, or all are taken."""
    names = {n.value for n in nodes(text.module, cst.Name)}
    return next((name for name in ORDERS if name not in names), None)


def loops_of(text: Text) -> Iterator[cst.For]:
    """The loops over epochs: they train one model, and are in no other that does.

    One that makes optimizers is over trainings: of seeds, say, or of folds.
    """

    def trains_one(loop: cst.For) -> bool:
        makes = any(text.called(call) in RATES for call in _called(text, loop))
        return not makes and _trains(text, loop)

    for loop in text.all(cst.For):
        outer = text.above(loop, cst.For)
        if trains_one(loop) and (outer is None or not trains_one(outer)):
            yield loop
