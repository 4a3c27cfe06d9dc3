"""What a run lacks for a rule to judge it, and what would let it."""

from collections.abc import Sequence

from wellfit.core.run import Run
from wellfit.core.signals import SIGNALS as KNOWN
from wellfit.core.signals import parse

POOR = (
    "the rows have few values, so that some are equal by chance: a column that tells "
    "them apart would let them be compared"
)
FACT = "facts:"
WATCH = "watch the training itself, with `wellfit run`"

# What is needed → what would record it. Of signals the phase or the name decides.
FACTS = {
    "model": "a model that PyTorch, Keras, scikit-learn or a booster trains",
    "optimizer": "an optimizer that steps a model",
    "objective": "a loss of `torch.nn`, or one that is a mean of squares, of absolute "
    "values or of log-probabilities",
    "inputs": "a model that is called with its inputs as its first argument",
    "data": "rows of at most a few hundred columns, or a table",
}
SIGNALS = {
    "val": "evaluate on rows that are not trained on, as part of the script",
    "grad_norm": "train with an optimizer of PyTorch's for three steps and more",
    "weight_norm": "train with an optimizer of PyTorch's for three steps and more",
    "update_ratio": "train with an optimizer of PyTorch's for three steps and more",
    "loss": "train by steps of which each has a loss",
}


def has(run: Run, need: str) -> bool:
    """Whether the run has that signal (`grad_norm`, `grad_norm@*`) or fact."""
    if need.startswith(FACT):
        return bool(run.facts.get(need.removeprefix(FACT)))
    if need.endswith("@*"):
        return bool(run.at(need.removesuffix("@*")))
    return need in run


def lacking(run: Run, missing: Sequence[str]) -> str:
    """What is missing, and what would make it checkable, in one sentence."""
    facts = [need.removeprefix(FACT) for need in missing if need.startswith(FACT)]
    signals = [str(parse(need)) for need in missing if not need.startswith(FACT)]
    parts = [f"no signal {', '.join(signals)}"] if signals else []
    parts += [f"nothing known of the {', '.join(facts)}"] if facts else []
    said = " and ".join(parts) + " was recorded"
    if run.facts.get("log"):
        return f"{said}; to have it: {WATCH}"
    ways = [_of_signal(s) for s in signals] + [FACTS.get(f, WATCH) for f in facts]
    known = list(dict.fromkeys(way for way in ways if way))
    return f"{said}; to have it: {'; '.join(known)}" if known else said


def _of_signal(name: str) -> str | None:
    parts = parse(name)
    known = WATCH if parts.name in KNOWN else None
    return SIGNALS.get(parts.phase) or SIGNALS.get(parts.name) or known


def lacking_validation(run: Run) -> str:
    """Why validation rows were not compared with training rows, and what would let."""
    if run.facts.get("data", {}).get("poor"):
        return POOR
    if run.signals:
        return (
            "rows of validation were not seen: evaluate on some, with at most a "
            "thousand numbers each, as part of the script"
        )
    return (
        "the validation rows are not known; --validation FILE or --split COLUMN names "
        "them"
    )
