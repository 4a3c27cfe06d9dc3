"""What is particular to the rules that read layers and the loop, on made-up runs."""

from typing import Any

import numpy as np
import pytest

from wellfit.core.finding import Finding, NotChecked, Severity
from wellfit.core.run import Run
from wellfit.rules.frozen_parameters import FrozenParameters
from wellfit.rules.harm import short_of, turned
from wellfit.rules.mode_mixup import ModeMixup
from wellfit.rules.output_loss_mismatch import OutputLossMismatch
from wellfit.rules.poor_initialization import PoorInitialization
from wellfit.rules.saturated_units import SaturatedUnits
from wellfit.rules.stale_gradients import StaleGradients
from wellfit.rules.vanishing_gradients import VanishingGradients

GOOD, POOR = 0.95, 0.4
NAMES = ("0", "1", "2", "3")
Changes = list[list[float]]


def run(accuracy: float = GOOD, signals: Any = None, **facts: Any) -> Run:
    """A run of four layers that ends at that accuracy, where 0.95 can be had."""
    layers = [
        {
            "name": n,
            "kind": "Linear",
            "parameters": 110,
            "tensors": [f"{n}.weight", f"{n}.bias"],
            "sizes": [100, 10],
            "activation": None,
        }
        for n in NAMES
    ]
    known: dict[str, Any] = {
        "model": {"layers": layers, "frozen": []},
        "objective": {"criterion": "cross_entropy", "trivial": {"accuracy": 0.1}},
        "reference": {
            "metric": "accuracy",
            "value": 0.95,
            "trivial": 0.1,
            "rows": 1000,
        },
        "training": {"steps": 100},
        **facts,
    }
    return Run.of({"val/accuracy": [accuracy] * 5, **(signals or {})}, facts=known)


def severity(said: Finding | NotChecked | None) -> Severity | None:
    assert not isinstance(said, NotChecked)
    return None if said is None else said.severity


# -- harm ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accuracy", "short"), [(0.95, False), (0.94, False), (0.5, True)]
)
def test_rows_held_back_tell_whether_anything_was_lost(accuracy, short) -> None:
    learnt = {"train/accuracy": [1.0] * 5}
    assert short_of(run(accuracy, learnt)) is short


def test_without_a_reference_only_the_extremes_tell() -> None:
    told = [short_of(run(a, reference={})) for a in (0.96, 0.8, 0.3)]
    assert told == [False, None, True]


def test_a_validation_loss_that_rises_is_told_from_one_that_wobbles() -> None:
    steps = np.arange(40)
    falls = 0.5 + np.exp(-steps / 8)
    wobble = 1 + 0.05 * np.random.default_rng(0).standard_normal(40)
    assert not turned(Run.of({"val/loss": falls * wobble}))
    assert turned(Run.of({"val/loss": (falls + 0.02 * steps) * wobble}))


# -- stale-gradients ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("loop", "accuracy", "wanted"),
    [
        ({"zeroed": True, "accumulation": 8}, POOR, None),
        ({"zeroed": False, "accumulation": 1}, POOR, Severity.CRITICAL),
        ({"zeroed": False, "accumulation": 1}, 0.99, Severity.WARNING),
        ({"zeroed": True, "cleared": True, "accumulation": 0}, POOR, Severity.CRITICAL),
    ],
)
def test_gradients_that_are_kept_or_cleared(loop, accuracy, wanted) -> None:
    assert severity(StaleGradients().check(run(accuracy, loop=loop))) is wanted


# -- mode-mixup ------------------------------------------------------------------------

TRAIN, EVAL = [[0, 1.0]], [[0, 0.0]]


def modes(
    train: Changes, val: Changes, *, dropout: Any = None, norm: Any = None, **more: Any
) -> dict[str, Any]:
    """The fact `loop`; the layers in the model's mode where no other is given."""
    both = {"train": train, "val": val}
    switches: dict[str, Any] = {"model": {"layers": 1, "modes": both}, **more}
    for family, given in (("dropout", dropout), ("norm", norm)):
        if given is not None:
            own = both if given is True else {"train": given[0], "val": given[1]}
            switches[family] = {"layers": 2, "modes": own}
    return {"switches": switches}


@pytest.mark.parametrize(
    ("loop", "wanted"),
    [
        (modes(TRAIN, [[9, 0.0]], dropout=True), None),
        (modes(TRAIN, [[9, 1.0]], dropout=True), Severity.WARNING),
        (modes(TRAIN, [[9, 1.0]], norm=True), Severity.WARNING),
        (modes(TRAIN, [[9, 1.0]]), None),  # nothing depends on it
        (modes(TRAIN, [[9, 1.0], [18, 0.0]], dropout=True), None),
        (modes(TRAIN, [[9, 1.0]], dropout=True, repeated=True), None),
        (modes(TRAIN, [[9, 0.0]], dropout=(TRAIN, [[9, 1.0]])), None),
        (modes(TRAIN, [[9, 0.0]], norm=(EVAL, EVAL)), None),  # frozen norms
        (modes([[0, 1.0], [9, 0.0]], [[9, 0.0]], dropout=True), Severity.WARNING),
        (modes([[0, 1.0], [90, 0.0]], [[9, 0.0]], dropout=True), None),  # at its end
        (modes(EVAL, EVAL, norm=True), Severity.WARNING),
    ],
)
def test_modes_that_do_not_fit_what_is_done(loop, wanted) -> None:
    assert severity(ModeMixup().check(run(POOR, loop=loop))) is wanted


def test_training_in_eval_that_cost_nothing_is_a_note() -> None:
    loop = modes(EVAL, EVAL, dropout=True)
    assert severity(ModeMixup().check(run(GOOD, loop=loop))) is Severity.NOTE


def test_modes_that_were_not_seen_are_not_checked() -> None:
    assert isinstance(ModeMixup().check(run(loop={"modes": {}})), NotChecked)


def test_a_training_without_evaluations_is_checked_by_half() -> None:
    loop = modes(TRAIN, [[9, 1.0]], dropout=True)
    del loop["switches"]["model"]["modes"]["val"]  # and so of the dropout, which is it
    assert isinstance(ModeMixup().check(run(loop=loop)), NotChecked)


# -- saturated-units ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("where", "share", "accuracy", "wanted"),
    [
        ("1", 0.95, POOR, Severity.WARNING),
        ("1", 0.3, POOR, None),
        ("3", 0.95, POOR, None),  # the last layer is sure of itself
        ("1.forget_gate", 0.95, POOR, None),
        ("1", 0.95, GOOD, Severity.NOTE),
        ("1", 0.75, GOOD, None),
    ],
)
def test_pinned_units_count_where_they_cost(where, share, accuracy, wanted) -> None:
    signals = {f"saturated_share@{where}": [share] * 9}
    assert severity(SaturatedUnits().check(run(accuracy, signals))) is wanted


def test_units_that_became_pinned_tell_since_when() -> None:
    shares = {"saturated_share@1": [0.1, 0.2, 0.7, 0.9, 0.9, 0.95, 0.95]}
    said = SaturatedUnits().check(run(POOR, shares))
    assert isinstance(said, Finding)
    assert said.since == 2


# -- poor-initialization ---------------------------------------------------------------


def gains(each: float, seen: tuple[float, ...]) -> dict[str, Any]:
    known = {f"{n}.weight": each for n in NAMES}
    spread = {f"activation_std@{n}": [s] for n, s in zip(NAMES, seen, strict=True)}
    return {"start": {"gains": known, "constant": {}, "alike": []}, "signals": spread}


@pytest.mark.parametrize(
    ("each", "seen", "accuracy", "wanted"),
    [
        (8.0, (8.0, 45.0, 260.0, 1500.0), POOR, Severity.CRITICAL),
        (8.0, (8.0, 45.0, 260.0, 1500.0), GOOD, Severity.NOTE),
        (8.0, (8.0, 7.9, 8.0, 8.1), POOR, None),  # tanhs hold it: no growth
        (0.1, (0.1, 0.01, 0.001, 1e-4), POOR, Severity.CRITICAL),
        (0.58, (0.58, 0.24, 0.1, 0.04), POOR, None),  # PyTorch's own
        (1.41, (1.4, 1.4, 1.4, 1.4), POOR, None),
    ],
)
def test_weights_of_a_poor_scale(each, seen, accuracy, wanted) -> None:
    parts = gains(each, seen)
    made = run(accuracy, parts["signals"], start=parts["start"])
    assert severity(PoorInitialization().check(made)) is wanted


def test_a_net_that_normalises_may_begin_at_any_scale() -> None:
    parts = gains(8.0, (8.0, 45.0, 260.0, 1500.0))
    made = run(POOR, parts["signals"], start=parts["start"])
    norm = {"name": "n", "kind": "LayerNorm", "tensors": ["n.weight"], "sizes": [9]}
    made.facts["model"]["layers"].append(norm)
    assert PoorInitialization().check(made) is None


@pytest.mark.parametrize(
    ("alike", "graded", "wanted"),
    [
        (["1.weight"], True, Severity.CRITICAL),
        ([], True, None),  # they parted: a branch or a head that begins at zero
        (["1.weight"], False, None),  # it is not trained: a fixed filter
    ],
)
def test_units_that_begin_alike(alike, graded, wanted) -> None:
    start = {"constant": {"1.weight": 0.0}, "alike": alike, "gains": {}}
    signals = {"grad_norm@1.weight": [1.0] * 5} if graded else {}
    said = PoorInitialization().check(run(POOR, signals, start=start))
    assert severity(said) is wanted


@pytest.mark.parametrize(
    ("scale", "weighted", "wanted"),
    [(1.0, False, Severity.CRITICAL), (500.0, False, None), (1.0, True, None)],
)
def test_a_first_loss_far_above_guessing(scale, weighted, wanted) -> None:
    objective = {
        "criterion": "cross_entropy",
        "weighted": weighted,
        "trivial": {"accuracy": 0.1, "loss": 2.3},
    }
    inputs = {"feature_std_max": scale, "first_layer": "Linear"}
    made = run(POOR, {"train/loss": [90.0] * 40}, objective=objective, inputs=inputs)
    assert severity(PoorInitialization().check(made)) is wanted


# -- frozen-parameters -----------------------------------------------------------------


def still(
    *layers: str,
    why: str = "unstepped",
    drawn: bool = True,
    accuracy: float = POOR,
    unused: str = "",
) -> Finding | NotChecked | None:
    """The verdict where these layers do not move for that reason."""
    tensors = [f"{n}.{kind}" for n in layers for kind in ("weight", "bias")]
    signals: dict[str, Any] = {}
    for name in NAMES:
        if name != unused:
            signals[f"activation_mean@{name}"] = [0.0] * 6
        if name not in layers or why in ("zero", "rate"):
            free = name not in layers or why == "rate"
            signals[f"grad_norm@{name}.weight"] = [1.0 if free else 0.0] * 6
        if name not in layers or why == "rate":
            free = name not in layers
            signals[f"update_ratio@{name}.weight"] = [0.01 if free else 0.0] * 6
    if why == "rate":
        signals["learning_rate@group1"] = [0.0]
    made = run(
        accuracy,
        signals,
        loop={"unstepped": [], "ungraded": [], why: tensors},
        start={"drawn": tensors if drawn else [], "alike": []},
    )
    if why == "off":
        made.facts["model"]["frozen"].extend(tensors)
    return FrozenParameters().check(made)


@pytest.mark.parametrize("why", ["unstepped", "ungraded", "zero", "rate"])
def test_a_layer_that_was_left_out_by_mistake(why) -> None:
    said = still("2", why=why)
    assert isinstance(said, Finding)
    assert said.severity is Severity.WARNING
    assert said.where == ("2",)


def test_a_random_body_that_holds_the_head_back() -> None:
    assert severity(still("0", "1", why="off")) is Severity.WARNING
    assert severity(still("0", "1", why="unstepped")) is Severity.WARNING


def test_a_mistake_that_cost_nothing_is_a_note() -> None:
    assert severity(still("2", accuracy=0.99)) is Severity.NOTE


def test_what_is_frozen_on_purpose_is_no_fault() -> None:
    assert still("0", "1", "2", why="off", drawn=False, accuracy=GOOD) is None
    assert still("0", "1", "2", why="off", accuracy=GOOD) is None  # random features
    assert severity(still("0", "1", why="off", drawn=False)) is Severity.NOTE
    assert severity(still("1", "2", why="off", drawn=False)) is Severity.NOTE


def test_layers_that_are_never_called_are_unused_not_frozen() -> None:
    assert still("2", why="ungraded", unused="2") is None


def test_a_layer_in_a_plain_list_is_a_mistake_wherever_it_stands() -> None:
    made = run(
        POOR,
        loop={"unstepped": ["Linear#1.weight", "Linear#1.bias"]},
        start={"drawn": []},
    )
    said = FrozenParameters().check(made)
    assert severity(said) is Severity.WARNING


def test_nothing_is_said_where_gradients_are_cleared_before_each_step() -> None:
    loop = {"cleared": True, "ungraded": ["0.weight"], "unstepped": []}
    assert FrozenParameters().check(run(POOR, loop=loop)) is None


# -- what their look-alikes are to other rules -----------------------------------------


@pytest.mark.parametrize(("first", "wanted"), [(0.0, None), (1.0, Severity.CRITICAL)])
def test_no_gradient_before_weights_that_begin_at_zero(first, wanted) -> None:
    sizes = dict(zip(NAMES, (1e-9, 1e-2, 1e-2, 1e-2), strict=True))
    signals: dict[str, Any] = {}
    for name, size in sizes.items():
        signals[f"grad_norm@{name}.weight"] = [size] * 5 + [1e-2] * 5
        signals[f"weight_norm@{name}.weight"] = [1.0] * 10
    signals["weight_norm@1.weight"] = [first, *[1.0] * 9]
    assert severity(VanishingGradients().check(run(POOR, signals))) is wanted


@pytest.mark.parametrize(
    ("low", "high", "wanted"),
    [(0.0, 0.97, Severity.CRITICAL), (0.2, 0.6, None), (0.5, 0.95, Severity.CRITICAL)],
)
def test_small_logits_are_told_from_a_sigmoid(low, high, wanted) -> None:
    objective = {
        "criterion": "binary_cross_entropy_with_logits",
        "outputs": {"min": low, "max": high, "within_unit": 1.0},
        "targets": {"min": 0.0, "max": 1.0},
    }
    said = OutputLossMismatch().check(run(POOR, objective=objective))
    assert severity(said) is wanted
