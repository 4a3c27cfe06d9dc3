"""What losses are given, turned into what they are made for."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import libcst as cst

from wellfit.sources.bindings import Bindings, Made
from wellfit.sources.project import Left, Project
from wellfit.sources.steps import importing
from wellfit.sources.text import Swap, Text, argument, expression, written

HOME = "torch.nn.functional."
KEEPING = frozenset({"to", "cuda", "float", "long", "double", "view", "reshape"})
SMALLEST = 1e-7  # a probability that is taken for none, as while it trains

# Losses, as classes and as functions.
CLASSES: Mapping[str, str] = {
    "torch.nn.CrossEntropyLoss": "cross_entropy",
    "torch.nn.NLLLoss": "nll_loss",
    "torch.nn.BCELoss": "binary_cross_entropy",
    "torch.nn.BCEWithLogitsLoss": "binary_cross_entropy_with_logits",
    "torch.nn.MSELoss": "mse_loss",
    "torch.nn.L1Loss": "l1_loss",
    "torch.nn.SmoothL1Loss": "smooth_l1_loss",
    "torch.nn.HuberLoss": "huber_loss",
}
# Of raw scores: the loss that takes them as they are.
OF_SCORES: Mapping[str, str] = {
    "torch.nn.NLLLoss": "torch.nn.CrossEntropyLoss",
    "torch.nn.BCELoss": "torch.nn.BCEWithLogitsLoss",
    f"{HOME}nll_loss": f"{HOME}cross_entropy",
    f"{HOME}binary_cross_entropy": f"{HOME}binary_cross_entropy_with_logits",
}
# Of probabilities, and of outputs that would be broadcast: what is made of them.
LOGARITHM = "{outputs}.clamp_min({smallest!r}).log()"
TURNED: Mapping[str, Mapping[str, str]] = {
    "probabilities": {
        "cross_entropy": LOGARITHM,
        "nll_loss": LOGARITHM,
        "binary_cross_entropy_with_logits": "{outputs}.logit({smallest!r})",
    },
    "broadcast": dict.fromkeys(
        ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss"),
        "{outputs}.reshape({targets}.shape)",
    ),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Loss:
    """A call of a loss: of which, and where it is in the text."""

    kind: str
    path: Path
    call: cst.Call


def fix_output_loss(project: Project, params: Mapping[str, Any]) -> Project | Left:
    """Take the loss that is made for scores; else turn what it is given."""
    if params["given"] == "scores":
        return _renamed(project)
    turned = TURNED[params["given"]]
    bindings = Bindings(project)
    found = list(_losses(bindings))
    unseen = _uncalled(bindings, found, turned)
    if unseen is not None:
        return unseen
    swaps: dict[Path, dict[cst.CSTNode, Swap]] = {}
    for loss in found:
        if loss.kind in turned:
            arg = argument(loss.call, "input", 0)
            targets = argument(loss.call, "target", 1)
            if arg is None or targets is None or not _plain(targets.value):
                where = f"line {bindings.texts[loss.path].line(loss.call)}"
                return Left(why=f"{where} of {loss.path.name} says no plain targets")
            swap = _turning(turned[loss.kind], written(targets.value))
            swaps.setdefault(loss.path, {})[arg] = swap
    if not swaps:
        return Left(why=f"the text calls no loss that takes no {params['given']}")
    texts = bindings.texts
    return project.edited({p: texts[p].edited(s) for p, s in swaps.items()})


def _losses(bindings: Bindings) -> Iterator[Loss]:
    """Every call of a loss of PyTorch's, by whatever name."""
    for path, text in bindings.texts.items():
        for call in text.all(cst.Call):
            name = text.called(call)
            if name.startswith(HOME):
                yield Loss(kind=name.removeprefix(HOME), path=path, call=call)
            elif len(call.args) > 1 and name not in CLASSES:
                kinds = _made(bindings, Made(path, call.func))
                if len(kinds) == 1:
                    yield Loss(kind=kinds.pop(), path=path, call=call)


def _made(bindings: Bindings, made: Made) -> set[str]:
    """The kinds of losses that what is called may be; none where it is another."""
    behind = bindings.behind(made) or ()
    kinds = {CLASSES.get(bindings.texts[m.path].called(m.node), "") for m in behind}
    return kinds if "" not in kinds else set()


def _uncalled(
    bindings: Bindings, found: list[Loss], kinds: Mapping[str, str]
) -> Left | None:
    """A loss that is made, and called where it is not seen."""
    called = {loss.kind for loss in found}
    for path, text in bindings.texts.items():
        for call in text.calls(*CLASSES):
            kind = CLASSES[text.called(call)]
            if kind in kinds and kind not in called:
                where = f"line {text.line(call)} of {path.name}"
                return Left(why=f"it is not seen where the loss of {where} is called")
    return None


def _turning(form: str, targets: str) -> Swap:
    def swap(arg: cst.Arg) -> cst.Arg:
        outputs = _receiver(arg.value)
        said = form.format(outputs=outputs, targets=targets, smallest=SMALLEST)
        method = said.removeprefix(outputs)
        if written(arg.value).endswith(method):  # it has been turned
            return arg
        return arg.with_changes(value=expression(said))

    return swap


def _receiver(value: cst.BaseExpression) -> str:
    """An expression as a method can be called of it."""
    tight = isinstance(value, cst.Name | cst.Attribute | cst.Call | cst.Subscript)
    code = written(value)
    return code if tight or value.lpar else f"({code})"


def _plain(value: cst.BaseExpression) -> bool:
    """Whether it may be said twice: it calls methods alone that change no number."""
    if isinstance(value, cst.Call) and isinstance(value.func, cst.Attribute):
        return value.func.attr.value in KEEPING and _plain(value.func.value)
    if isinstance(value, cst.Subscript | cst.Attribute):
        return _plain(value.value)
    return isinstance(value, cst.Name)


def _renamed(project: Project) -> Project | Left:
    """Other losses by name: what they are given stays as it is."""
    codes: dict[Path, str] = {}
    for path, text in project.texts.items():
        swaps = {
            call.func: _naming(text, OF_SCORES[text.called(call)])
            for call in text.calls(*OF_SCORES)
        }
        if swaps:
            codes[path] = text.edited(swaps)
    if not codes:
        return Left(why="the text names no loss that takes no scores")
    return importing(project.edited(codes), codes, "torch")


def _naming(text: Text, name: str) -> Swap:
    code = text.spelled(name) or name
    return lambda _: expression(code)
