"""What was tried out at a training's first step, as boxes of the checklist."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from wellfit.core.checklist import Item, Phase, State
from wellfit.core.finding import Diagnosis, Severity
from wellfit.core.run import Run

Fact = Mapping[str, Any]
Said = tuple[State, str]

AGREES = 1e-3  # relative error of a gradient that is said to agree
NEAR = (0.5, 2.0)  # times the loss of guessing: where an untrained model should begin
FAR = 10.0  # times it: outputs are far too large before anything was learnt
LEARNT = 0.1  # of the loss at the start: a batch is known by heart
ENOUGH = 50  # steps at each rate, before it is said that nothing is learnt
STUCK = 0.98  # of it: nothing was learnt at all
UNSEEDED = 2**32  # seeds that PyTorch draws by itself are larger, those of people less
BY_ZERO = ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "cross_entropy")
FULL = 0.9  # of the memory that there is


def tried(run: Run, diagnosis: Diagnosis) -> Iterator[Item]:
    """A box for each thing that was tried."""
    said = {
        "gradient check": _gradient(run, diagnosis),
        "loss at the start": _start(run),
        "one batch learnt by heart": _one_batch(run),
        "inputs and parameters": _reached(run),
        "samples kept apart": _samples(run),
        "the same seed, the same loss": _repeats(run),
        "shapes": _shapes(run, diagnosis),
        "training and evaluation mode": _modes(run, diagnosis),
        "time and memory": _cost(run),
    }
    for item, (state, text) in said.items():
        yield Item(phase=Phase.TRIED, item=item, state=state, text=text)


def found(diagnosis: Diagnosis, *rules: str) -> str | None:
    """The first finding of these rules, in words, if it is more than a note."""
    for finding in diagnosis.findings:
        if finding.rule in rules and finding.severity is not Severity.NOTE:
            return f"{finding.summary} ({finding.rule})"
    return None


def named(names: Sequence[Any], most: int = 3) -> str:
    """A few names, and how many more."""
    shown = ", ".join(map(str, names[:most]))
    return shown + (f" and {len(names) - most} more" if len(names) > most else "")


def _lacking(fact: Fact | None) -> Said | None:
    """Why nothing was tried."""
    if not fact:
        return State.YOURS, "not checked: this is tried with PyTorch only"
    if "reason" in fact:
        return State.YOURS, f"not checked: {fact['reason']}"
    return None


def _gradient(run: Run, diagnosis: Diagnosis) -> Said:
    fact = run.facts.get("gradient_check")
    if lacking := _lacking(fact):
        return lacking
    assert fact is not None
    if wrong := found(diagnosis, "wrong-gradient"):
        return State.WRONG, wrong
    functions = fact["functions"]
    unsure = [f["name"] for f in functions if "error" not in f]
    meant = [f["name"] for f in functions if f.get("flat") or f.get("identity")]
    if unsure or meant:
        names = named(unsure + meant)
        why = "could not be checked alone" if unsure else "is not the slope of it"
        return (
            State.YOURS,
            f"the backward pass of {names} {why}: if that is meant, fine",
        )
    settled = [p for p in fact["parameters"] if p["error"] > 10 * p["spread"]]
    worst = max((float(p["error"]) for p in settled), default=0.0)
    if worst > AGREES:
        return (
            State.YOURS,
            f"differences are up to {worst:.1g} off, and no hand wrote it",
        )
    seen = f"{len(fact['parameters'])} of {fact['of']} parameters"
    own = f", and {named([f['name'] for f in functions])} alone," if functions else ""
    return State.OK, f"{seen}{own} agree with central differences in float64"


def _start(run: Run) -> Said:
    loss = run.get("train/loss")
    objective = run.facts.get("objective") or {}
    if loss is None or not len(loss):
        return State.YOURS, "not checked: no loss was seen"
    first = float(loss.values[0])
    if not math.isfinite(first):
        return State.WRONG, f"the loss is {first} before anything was learnt"
    theory, what = _theory(objective)
    if theory is None:
        return State.YOURS, f"it is {first:.4g}; what guessing has is not known here"
    said = f"it is {first:.4g}; {what} is {theory:.4g}"
    if objective.get("reduction", "mean") != "mean" or objective.get("weighted"):
        return State.YOURS, f"{said}; but it is weighted, or summed"
    return _compared(first, theory, said, by_class=objective["task"] != "regression")


def _theory(objective: Fact) -> tuple[float | None, str]:
    """The loss of a model that knows nothing yet, and what that is."""
    task, classes = objective.get("task"), objective.get("classes")
    guess = (objective.get("trivial") or {}).get("loss")
    if task == "classification" and classes and classes > 1:
        return math.log(classes), f"log {classes}"
    if task in ("binary", "multilabel"):
        return math.log(2), "log 2"
    if task == "regression" and guess is not None and guess > 0:
        return float(guess), "that of always answering with the mean"
    return None, ""


def _compared(first: float, theory: float, said: str, *, by_class: bool) -> Said:
    if by_class and first > FAR * theory:
        return State.WRONG, f"{said}: the outputs begin far too large"
    if NEAR[0] * theory <= first <= NEAR[1] * theory:
        return State.OK, said
    if first < theory:
        return State.YOURS, f"{said}: fine if the model was trained before"
    hint = "outputs" if by_class else "targets, or outputs,"
    return State.YOURS, f"{said}: the {hint} are not of a scale of one"


def _one_batch(run: Run) -> Said:
    fact = run.facts.get("overfit_batch")
    if lacking := _lacking(fact):
        return lacking
    assert fact is not None
    start, least = float(fact["start"]), float(fact["least"])
    said = f"{start:.4g} falls to {least:.4g} in {fact['steps']} steps of Adam"
    if not math.isfinite(start):
        return State.WRONG, "the loss of one batch is not finite"
    if least <= LEARNT * start and start > 0:
        return State.OK, said
    criterion = (run.facts.get("objective") or {}).get("criterion")
    tried_enough = min(int(one["taken"]) for one in fact["tries"]) >= ENOUGH
    if least >= STUCK * start > 0 and criterion in BY_ZERO and tried_enough:
        return State.WRONG, f"{said}: nothing of it is learnt, whatever the rate"
    if criterion not in BY_ZERO:
        return State.YOURS, f"{said}; how low this loss can be is not known"
    rows = (run.facts.get("training") or {}).get("batch_size")
    of = f" of {rows}" if rows else ""
    return State.YOURS, f"{said}: a batch{of} is not learnt by heart (size? noise?)"


def _reached(run: Run) -> Said:
    fact, read = run.facts.get("unreached"), run.facts.get("inputs_read") or {}
    if lacking := _lacking(fact):
        return lacking
    assert fact is not None
    if read.get("none"):
        return State.WRONG, "the outputs do not depend on the inputs"
    if fact["detached"]:
        total = len(fact["detached"])
        return State.WRONG, (
            f"{total} of {fact['of']} parameters are used and get no gradient: "
            f"{named(fact['detached'])}"
        )
    left = [text for text in _left_out(run, fact, read) if text]
    if left:
        return State.YOURS, left[0]
    columns = (
        "" if read.get("columns") is None else f", and all {read['of']} inputs count"
    )
    return State.OK, f"all {fact['of']} parameters get a gradient{columns}"


def _left_out(run: Run, fact: Fact, read: Fact) -> Iterator[str]:
    """What may be meant."""
    unstepped = (run.facts.get("loop") or {}).get("unstepped") or []
    yield f"no optimizer steps {named(unstepped)}" if unstepped else ""
    unused = fact["unused"]
    yield f"{named(unused)} were not used in these steps" if unused else ""
    silent = read.get("columns")
    yield f"input columns {named(silent, 6)} (from 0) change nothing" if silent else ""


def _samples(run: Run) -> Said:
    fact = run.facts.get("batch_leak")
    if lacking := _lacking(fact):
        return lacking
    assert fact is not None
    if not fact["leaks"]:
        return State.OK, "in eval mode no output depends on another sample's input"
    said = (
        f"the output of sample {fact['sample']} depends on the input of sample "
        f"{fact['other']}, in eval mode too"
    )
    if fact["mixing"]:
        return State.YOURS, f"{said}: right for a graph, wrong for separate samples"
    return State.WRONG, said


def _repeats(run: Run) -> Said:
    fact = run.facts.get("repeatable")
    if lacking := _lacking(fact):
        return lacking
    assert fact is not None
    if not fact["train"] and fact["apart"] > AGREES:
        where = f", first in {named(fact['differs'])}" if fact["differs"] else ""
        said = f"one batch, one seed, and other outputs each time{where}"
        return State.YOURS, f"{said}: by a clock, or a generator of its own"
    if not fact["train"]:
        return State.YOURS, f"they differ by {fact['apart']:.1g}, by rounding, it seems"
    seed = (run.facts.get("seeds") or {}).get("torch")
    if seed is not None and seed >= UNSEEDED:
        return State.YOURS, "they are; but no seed is set, so that two runs will differ"
    return State.OK, f"they are; the seed is {seed}"


def _shapes(run: Run, diagnosis: Diagnosis) -> Said:
    pairs = run.facts.get("each_with_each") or ()
    objective = run.facts.get("objective") or {}
    if pairs:
        one, other = pairs[0]["shapes"]
        said = (
            f"`{pairs[0]['function']}` of {one} and {other}: every one with every other"
        )
        return State.WRONG, said
    if objective.get("broadcast"):
        wrong = found(diagnosis, "output-loss-mismatch")
        shapes = f"{objective['output_shape']} and {objective['target_shape']}"
        return State.WRONG, wrong or f"the loss broadcasts {shapes}"
    if objective.get("output_shape"):
        outputs, targets = objective["output_shape"], objective.get("target_shape")
        return State.OK, f"outputs {outputs}, targets {targets}: nothing is broadcast"
    fact = run.facts.get("gradient_check")
    if fact and "reason" not in fact:
        return State.OK, "no column met a row on the way to the loss"
    return State.YOURS, "not checked: what the loss was given was not seen"


def _modes(run: Run, diagnosis: Diagnosis) -> Said:
    fact = run.facts.get("repeatable")
    if lacking := _lacking(fact):
        return lacking
    assert fact is not None
    parts = " and ".join(f"{fact[k]} {t}" for k, t in _PARTS.items() if fact[k])
    wrong = found(diagnosis, "mode-mixup")
    if fact["dropout_in_eval"]:
        wrong = wrong or "dropout goes on in eval mode: a call lacks training=…"
    if wrong:
        return State.WRONG, wrong
    if fact["mode"] == "eval" and parts:
        return State.YOURS, f"the model trains in eval mode, with {parts}"
    if not fact["eval"]:
        drawn = named(fact["draws"]) or "something unknown"
        return State.YOURS, f"in eval mode outputs differ each time, by {drawn}"
    what = parts or "no layer that differs by mode"
    return State.OK, f"{what}; in eval mode outputs repeat"


_PARTS = {"dropout": "dropout layers", "batch_norm": "batch-norm layers"}


# -- time and memory -------------------------------------------------------------------


def steps_of(fact: Fact, accumulation: int | None) -> tuple[int | None, str]:
    """How many steps the loops make, and in words; None where a loop cannot be told."""
    loops: Sequence[Fact] = fact.get("loops") or ()
    unknown = [loop["text"] for loop in loops if loop["rounds"] is None]
    if unknown:
        return None, f"`{unknown[0]}` cannot be counted"
    total = math.prod(int(loop["rounds"]) for loop in loops)
    text = " × ".join(f"{loop['rounds']:,}" for loop in loops)
    if accumulation and accumulation > 1:
        return max(total // accumulation, 1), f"{text} / {accumulation}"
    return total, text


def steps_of_framework(run: Run) -> tuple[int | None, str]:
    """The same, of a framework that has the loops."""
    told, loop = run.facts.get("framework") or {}, run.facts.get("loop") or {}
    most = told.get("max_steps")
    if most is not None and most > 0:
        return int(most), "as the trainer is told"
    epochs = told.get("max_epochs") or told.get("num_train_epochs")
    loader = (run.facts.get("loaders") or {}).get("train") or {}
    rows, batch = loader.get("rows"), loader.get("batch_size")
    if not epochs or epochs < 0 or not rows or not batch:
        return None, "the loops are not in the script's own files"
    each = math.ceil(math.ceil(rows / batch) / (loop.get("accumulation") or 1))
    return int(epochs * each), f"{epochs:g} × {each:,}"


def _cost(run: Run) -> Said:
    fact = run.facts.get("dry_run")
    if lacking := _lacking(fact):
        return lacking
    assert fact is not None
    step = fact.get("step_seconds")
    if step is None:
        return State.YOURS, "not checked: no second step was seen within the budget"
    accumulation = (run.facts.get("loop") or {}).get("accumulation")
    told = steps_of(fact, accumulation) if fact.get("loops") else None
    steps, text = told or steps_of_framework(run)
    memory = fact["memory"]
    used = f"{_bytes(memory['process'])} of memory"
    if memory.get("device"):
        used += f", {_bytes(memory['device'])} on the device"
    limit = (run.facts.get("machine") or {}).get("memory_limit")
    if limit and memory["process"] > FULL * limit:
        return State.WRONG, f"{used}, of {_bytes(limit)} that there are"
    each = f"{_time(step)} a step"
    if steps is None:
        return State.YOURS, f"{each}, {used}; how many steps is not known: {text}"
    whole = f"{steps:,} steps ({text}), about {_time(steps * step)} but for evaluation"
    return State.OK, f"{each}, {whole}; {used} at most"


def _time(seconds: float) -> str:
    if seconds < 1:
        return f"{1000 * seconds:.3g} ms"
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def _bytes(number: float) -> str:
    return f"{number / 1e9:.1f} GB" if number >= 1e9 else f"{number / 1e6:.0f} MB"
