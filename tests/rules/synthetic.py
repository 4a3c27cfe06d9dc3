"""Made-up runs that look like real ones: every rule can be tested on its one change.

`run()` is a healthy training of a small classifier; each argument spoils one thing.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.core.run import Event, Run

LAYERS = ("0", "2", "4", "6")
CLASSES = 4
TRIVIAL = float(np.log(CLASSES))
Numbers = NDArray[np.float64]


def decay(
    steps: int,
    *,
    start: float = TRIVIAL,
    floor: float = 0.1,
    half: float = 0.05,
    noise: float = 0.1,
    seed: int = 0,
) -> Numbers:
    """A loss that falls from `start` to `floor`, half the way in `half` of the run.

    `noise` is the relative standard deviation of a single value, of any batch size.
    """
    rng = np.random.default_rng(seed)
    left = 2.0 ** (-np.arange(steps) / max(1.0, half * steps))
    wobble = np.exp(noise * rng.standard_normal(steps) - noise**2 / 2)
    return np.asarray((floor + (start - floor) * left) * wobble)


def looks(steps: int) -> list[int]:
    """The steps that are seen in full: the first ten, then ever fewer."""
    found, step = list(range(min(10, steps))), 10
    while step < steps:
        found.append(step)
        step = max(step + 1, round(step * 1.15))
    return found


def facts(
    *,
    reference: float | None = 0.95,
    scale: float = 1.0,
    counts: Sequence[int] = (250, 250, 250, 250),
    **objective: Any,
) -> dict[str, Any]:
    """The facts of a classifier of four layers on 1,000 rows."""
    model = [
        {
            "name": name,
            "kind": "Linear",
            "parameters": 1000,
            "tensors": [f"{name}.weight", f"{name}.bias"],
            "activation": None,
        }
        for name in LAYERS
    ]
    common = max(counts) / sum(counts)
    shares = np.array(counts) / sum(counts)
    found: dict[str, Any] = {
        "model": {"class": "Sequential", "layers": model, "frozen": []},
        "training": {"batch_size": 32},
        "inputs": {
            "dtype": "float32",
            "nonfinite": 0.0,
            "feature_mean_min": -0.1 * scale,
            "feature_mean_max": 0.2 * scale,
            "feature_std_min": 0.5 * scale,
            "feature_std_max": scale,
            "first_layer": "Linear",
        },
        "objective": {
            "criterion": "cross_entropy",
            "task": "classification",
            "reduction": "mean",
            "output_shape": [32, CLASSES],
            "target_shape": [32],
            "broadcast": False,
            "outputs": {
                "min": -6.0,
                "max": 7.0,
                "rows_sum_to_one": 0.0,
                "within_unit": 0.2,
                "nonpositive": 0.5,
            },
            "targets": {
                "min": 0.0,
                "max": 3.0,
                "counts": {str(k): n for k, n in enumerate(counts)},
            },
            "trivial": {
                "loss": float(-(shares * np.log(shares)).sum()),
                "accuracy": common,
            },
            **objective,
        },
    }
    if reference is not None:
        found["reference"] = {
            "metric": "accuracy",
            "value": reference,
            "trivial": common,
            "model": "forest",
            "rows": 1000,
        }
    return found


def run(
    *,
    steps: int = 600,
    seed: int = 0,
    loss: Numbers | None = None,
    accuracy: float = 0.96,
    val_accuracy: float | None = 0.95,
    val_loss: Mapping[int, float] | None = None,
    stride: float = 0.01,
    flow: float = 0.7,
    dead: float = 0.1,
    zeros: float = 0.5,
    top_share: float = 0.27,
    gradients: Numbers | None = None,
    extra: Mapping[str, Any] | None = None,
    said: Mapping[str, Any] | None = None,
) -> Run:
    """A run of that many steps; by default a healthy one.

    `stride` is the length of the first steps in lengths of the weights, `flow` the
    gradient of each layer as a share of the next one's.
    """
    rng = np.random.default_rng(seed)
    curve = decay(steps, seed=seed) if loss is None else loss
    seen = looks(steps)
    windows = list(range(15, steps, 16)) or [steps - 1]
    signals: dict[str, Any] = {
        "train/loss": curve,
        "train/accuracy": _learnt(windows, accuracy, rng),
        "train/top_share": dict.fromkeys(windows, top_share),
        "train/grad_norm": _wobbly(seen, 1.0, rng) if gradients is None else gradients,
        "train/weight_norm": dict.fromkeys(seen, 10.0),
        "train/learning_rate": {0: 0.001},
    }
    for depth, name in enumerate(reversed(LAYERS)):
        tensor = f"{name}.weight"
        signals[f"train/grad_norm@{tensor}"] = _wobbly(seen, flow**depth, rng)
        signals[f"train/weight_norm@{tensor}"] = dict.fromkeys(seen, 5.0)
        signals[f"train/update_ratio@{tensor}"] = {
            step: stride * (0.3 + 0.7 * 2 ** (-step / (0.2 * steps))) for step in seen
        }
        signals[f"train/dead_share@{name}"] = dict.fromkeys(seen, dead)
        signals[f"train/zero_share@{name}"] = dict.fromkeys(seen, zeros)
    passes = [round(steps * (k + 1) / 10) for k in range(10)]
    if val_accuracy is not None:
        signals["val/accuracy"] = _learnt(passes, val_accuracy, rng)
        held_back = decay(10, floor=0.15, half=0.1, noise=0.02, seed=seed + 1)
        signals["val/loss"] = val_loss or dict(zip(passes, held_back, strict=True))
    evaluated = [
        Event(kind="evaluation", step=step, data={"phase": "val", "rows": 500})
        for step in passes
    ]
    return Run.of(
        {**signals, **(extra or {})},
        facts=facts() if said is None else said,
        events=evaluated if val_accuracy is not None else (),
    )


def _learnt(
    steps: list[int], last: float, rng: np.random.Generator
) -> dict[int, float]:
    """A score that rises to `last` within a fifth of the run, and wobbles a little."""
    first = 1 / CLASSES
    rising = 1 - 2.0 ** (-np.array(steps) / (0.05 * steps[-1]))
    values = first + (last - first) * rising + 0.005 * rng.standard_normal(len(steps))
    return dict(zip(steps, np.clip(values, 0, 1), strict=True))


def _wobbly(
    steps: list[int], level: float, rng: np.random.Generator
) -> dict[int, float]:
    values = level * np.exp(0.4 * rng.standard_normal(len(steps)))
    return dict(zip(steps, values, strict=True))
