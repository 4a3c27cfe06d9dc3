"""The checklist of a training: the boxes that a machine can fill are filled.

What was tried out comes first (`tried.py`); then the four times of a training, as
guides to training list them.
"""

from collections.abc import Iterator

from wellfit.core.checklist import Item, Phase, State
from wellfit.core.finding import Diagnosis
from wellfit.core.run import Run
from wellfit.verbs.habits import Habits
from wellfit.verbs.tried import found, named, tried

Said = tuple[State, str]

DATA = (
    "missing-values",
    "target-leakage",
    "train-validation-leakage",
    "duplicate-rows",
    "inconsistent-values",
    "label-noise",
    "outliers",
    "unscaled-inputs",
    "uninformative-features",
    "train-validation-shift",
    "too-little-data",
    "class-imbalance",
)
FLOW = (
    "vanishing-gradients",
    "exploding-gradients",
    "dead-units",
    "saturated-units",
    "frozen-parameters",
    "non-finite-values",
    "poor-initialization",
)
RATE = ("learning-rate-too-high", "learning-rate-too-low", "stale-gradients")


ARCHITECTURE = (
    "gradient check",
    "inputs and parameters",
    "samples kept apart",
    "one batch learnt by heart",
)


def of_script(run: Run, diagnosis: Diagnosis, seen: Habits) -> tuple[Item, ...]:
    """The checklist of a script whose first steps were tried out."""
    own = tuple(tried(run, diagnosis))
    return (
        *own,
        *_items(Phase.BEFORE, _before(run, diagnosis, own)),
        *_items(Phase.DURING, _during(run, diagnosis, seen)),
        *_items(Phase.AFTER, _after(seen)),
        *_items(Phase.ENGINEERING, _engineering(run, seen)),
    )


def of_data(run: Run, diagnosis: Diagnosis) -> tuple[Item, ...]:
    """The checklist where there is no more than data yet."""
    later = State.YOURS, "not checked: there is no training yet"
    before = {
        "the task and its measures are clear": _task_of_data(run),
        "the data have been checked": _data(run, diagnosis),
        "the architecture fits": later,
        "the loss fits": later,
        "the optimizer and the hyperparameters are chosen": later,
    }
    return (
        *_items(Phase.BEFORE, before),
        *_items(Phase.DURING, dict.fromkeys(_DURING, later)),
        *_items(Phase.AFTER, dict.fromkeys(_AFTER, later)),
        *_items(Phase.ENGINEERING, dict.fromkeys(_ENGINEERING, later)),
    )


_DURING = (
    "losses of training and validation are watched live",
    "the measures that matter are watched too",
    "gradients flow and parameters move",
    "over- and underfitting are looked for",
    "rate and strategy are adjusted",
)
_AFTER = (
    "scored on the untouched test part",
    "errors are looked at one by one",
    "robustness and generalisation are verified",
    "model and configuration are saved",
    "the process and its results are recorded",
)
_ENGINEERING = (
    "checkpoints and recovery",
    "logs and pictures",
    "deployment and speed of inference are considered",
    "versions and experiments are managed",
    "monitoring and upkeep are prepared",
)


def _items(phase: Phase, said: dict[str, Said]) -> Iterator[Item]:
    for item, (state, text) in said.items():
        yield Item(phase=phase, item=item, state=state, text=text)


# -- before ----------------------------------------------------------------------------


def _before(run: Run, diagnosis: Diagnosis, own: tuple[Item, ...]) -> dict[str, Said]:
    return {
        "the task and its measures are clear": _task(run),
        "the data have been checked": _data(run, diagnosis),
        "the architecture fits": _together(
            own,
            ARCHITECTURE,
            "it learns a batch, reads its inputs and keeps samples apart",
        ),
        "the loss fits": _loss(run, diagnosis, own),
        "the optimizer and the hyperparameters are chosen": _optimizer(run, diagnosis),
    }


def _task(run: Run) -> Said:
    objective = run.facts.get("objective") or {}
    task = objective.get("task")
    if task in (None, "other"):
        return (
            State.YOURS,
            "the loss is made by hand: what counts as good is yours to say",
        )
    trivial = objective.get("trivial") or {}
    guess = ", ".join(f"{k} {v:.4g}" for k, v in trivial.items())
    what = f"{task} by {objective.get('criterion')}"
    return State.OK, f"{what}; guessing has {guess}" if guess else what


def _task_of_data(run: Run) -> Said:
    data = run.facts.get("data") or {}
    target = (data.get("target") or {}).get("name")
    if target is None:
        return State.YOURS, "no target was named: --target COL"
    return State.OK, f"{data.get('task', 'prediction')} of {target}"


def _data(run: Run, diagnosis: Diagnosis) -> Said:
    if wrong := found(diagnosis, *DATA):
        return State.WRONG, wrong
    data = run.facts.get("data") or {}
    passed = [rule for rule in DATA if rule in diagnosis.passed]
    if not passed:
        return State.YOURS, "not checked: the rows could not be seen"
    rows = data.get("rows") or data.get("sampled")
    of = f" on {rows:,} rows" if rows else ""
    return State.OK, f"{len(passed)} rules of data passed{of}: {named(passed)}"


def _together(own: tuple[Item, ...], names: tuple[str, ...], fine: str) -> Said:
    """Wrong where one of them is; fine where all are."""
    parts = [item for item in own if item.item in names]
    for state in (State.WRONG, State.YOURS):
        for item in parts:
            if item.state is state:
                return state, f"{item.item}: {item.text}"
    return State.OK, fine


def _loss(run: Run, diagnosis: Diagnosis, own: tuple[Item, ...]) -> Said:
    if wrong := found(diagnosis, "output-loss-mismatch"):
        return State.WRONG, wrong
    names = ("shapes", "loss at the start")
    criterion = (run.facts.get("objective") or {}).get("criterion") or "made by hand"
    return _together(own, names, f"the loss ({criterion}) gets what it is made for")


def _optimizer(run: Run, diagnosis: Diagnosis) -> Said:
    if wrong := found(diagnosis, *RATE):
        return State.WRONG, wrong
    fact = run.facts.get("optimizer") or {}
    rates = [g["lr"] for g in fact.get("groups", ()) if "lr" in g]
    if not rates:
        return State.YOURS, "not checked: no optimizer was seen"
    if (run.facts.get("loop") or {}).get("zeroed") is False:
        return State.YOURS, "gradients are not at zero when a step begins: is it meant?"
    said = f"{fact['kind']} at {named([f'{r:g}' for r in dict.fromkeys(rates)])}"
    return State.YOURS, f"{said}; whether that is the best only trials can tell"


# -- during ----------------------------------------------------------------------------


def _during(run: Run, diagnosis: Diagnosis, seen: Habits) -> dict[str, Said]:
    values = (
        _live(run),
        (State.YOURS, "`wellfit run --live` shows them; which matter is yours to say"),
        _flow(run, diagnosis),
        (State.YOURS, "needs the whole training: `wellfit run` looks for both"),
        _schedule(seen),
    )
    return dict(zip(_DURING, values, strict=True))


def _live(run: Run) -> Said:
    loaders = run.facts.get("loaders") or {}
    held = [p for p in ("val", "test") if p in loaders or f"{p}/loss" in run]
    if held:
        return (
            State.OK,
            f"there is a {held[0]} part, and `wellfit run --live` shows both",
        )
    return State.YOURS, "no validation was seen within these first steps"


def _flow(run: Run, diagnosis: Diagnosis) -> Said:
    if wrong := found(diagnosis, *FLOW):
        return State.WRONG, wrong
    norm = run.get("train/grad_norm")
    moved = run.get("train/update_norm") or norm
    if moved is None or not len(moved):
        return State.YOURS, "not checked: no gradient was seen"
    if not (moved.values > 0).any():
        return State.WRONG, "the parameters do not move"
    passed = [rule for rule in FLOW if rule in diagnosis.passed]
    more = f"; {named(passed)} passed" if passed else ""
    return State.OK, f"they did in the first steps{more}"


def _schedule(seen: Habits) -> Said:
    if seen.schedules:
        return State.OK, f"a schedule is used: {seen.schedules}"
    return State.YOURS, "no schedule of the rate is seen in the script"


# -- after, and engineering ------------------------------------------------------------


def _after(seen: Habits) -> dict[str, Said]:
    values = (
        _habit(seen, seen.tests, "a test part is named", "no test part is seen", True),
        (State.YOURS, "after training, by you"),
        (State.YOURS, "after training, by you"),
        _habit(seen, seen.saves, "it saves", "nothing that saves a model is seen"),
        _recorded(seen),
    )
    return dict(zip(_AFTER, values, strict=True))


def _engineering(run: Run, seen: Habits) -> dict[str, Said]:
    seeded = _habit(seen, seen.seeds, "seeds are set", "no seed is set")
    both = seen.saves if seen.resumes else None
    values = (
        _habit(
            seen, both, "it saves and loads", "saving and resuming are not both seen"
        ),
        _recorded(seen),
        (State.YOURS, "whether the model is fast enough where it will run"),
        seeded,
        (State.YOURS, "what is watched once it is in service"),
    )
    return dict(zip(_ENGINEERING, values, strict=True))


def _habit(
    seen: Habits, where: str | None, yes: str, no: str, only_named: bool = False
) -> Said:
    if not seen.read:
        return State.YOURS, "not checked: the script's source was not read"
    if where is None:
        return State.YOURS, f"{no} in the script"
    # That a name occurs does not tell that it is used once, and at the end.
    return (State.YOURS if only_named else State.OK), f"{yes}: {where}"


def _recorded(seen: Habits) -> Said:
    if seen.logs:
        return State.OK, f"it logs: {seen.logs}"
    return State.YOURS, "the script keeps no log; `wellfit run` does, and draws it"
