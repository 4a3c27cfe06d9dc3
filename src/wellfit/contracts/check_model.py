"""What every model promises, of columns or of images: a function a promise.

    for promise in PROMISES:
        promise(MyModel)

`make` is called with `classes` (0: a number is predicted) and `seed`, and returns a
`wellfit.models.model.Model`. A broken promise is an `AssertionError` that says what
to change.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.models.model import Model, Round, Rows, loss_of

Make = Callable[..., Model]
TASKS = {"a number": 0, "two classes": 2, "three classes": 3}
SIDE = 8  # pixels of an image
PART = 240  # rows of training, and as many of validation


def check_beats_the_trivial_baseline(make: Make) -> None:
    """On validation rows its loss is well below that of shares or the mean."""
    for task, classes, train, validation in _cases(make):
        fitted = make(classes=classes, seed=0).fit(train, validation).fitted
        loss = loss_of(fitted.predict(validation.x), validation.y)
        if classes:
            shares = np.bincount(train.y, minlength=classes) / len(train)
            trivial = loss_of(np.tile(shares, (len(validation), 1)), validation.y)
        else:
            mean = np.full(len(validation), train.y.mean())
            trivial = loss_of(mean, validation.y)
        assert loss < 0.8 * trivial, (
            f"predicting {task}, its loss {loss:.3g} should be well below the trivial "
            f"{trivial:.3g}: the data are easy, so the fit must be wrong"
        )


def check_predicts_the_right_form(make: Make) -> None:
    """Probabilities, rows by classes, that sum to one; or finite numbers, one a row."""
    for task, classes, train, validation in _cases(make):
        out = (
            make(classes=classes, seed=0)
            .fit(train, validation)
            .fitted.predict(validation.x)
        )
        form = (len(validation), classes) if classes else (len(validation),)
        assert out.shape == form, f"predicting {task}: {out.shape} should be {form}"
        assert np.all(np.isfinite(out)), f"predicting {task}, some are not finite"
        if classes:
            sums = out.sum(axis=1)
            assert np.allclose(sums, 1, atol=1e-6), "probabilities must sum to one"


def check_same_seed_same_fit(make: Make) -> None:
    """Fitted twice with one seed it predicts the same, bit for bit."""
    for task, classes, train, validation in _cases(make):
        first, second = (
            make(classes=classes, seed=7).fit(train, validation) for _ in range(2)
        )
        same = np.array_equal(
            first.fitted.predict(validation.x), second.fitted.predict(validation.x)
        )
        assert same, f"predicting {task}, two fits of one seed differ: seed everything"


def check_is_a_value(make: Make) -> None:
    """Fitting leaves the model as it was: another fit of it starts afresh."""
    for task, classes, train, validation in _cases(make):
        model, fresh = (make(classes=classes, seed=0) for _ in range(2))
        assert model == fresh, "two models of the same settings must be equal"
        model.fit(train, validation)
        assert model == fresh, (
            f"predicting {task}, fitting changed the model: what is learnt belongs in "
            "the Fit that it returns"
        )


def check_leaves_its_inputs_alone(make: Make) -> None:
    """Neither the rows nor the global random states are changed by a fit."""
    for _, classes, train, validation in _cases(make):
        for rows in (train, validation):
            rows.x.flags.writeable = rows.y.flags.writeable = False
        before = np.random.get_state()[1].tolist()  # type: ignore[index]
        fitted = make(classes=classes, seed=0).fit(train, validation).fitted
        fitted.predict(validation.x)
        after = np.random.get_state()[1].tolist()  # type: ignore[index]
        assert before == after, "it draws from NumPy's global generator: make its own"


def check_saves_and_loads(make: Make) -> None:
    """What is loaded predicts as what was saved, bit for bit, and is no pickle."""
    for task, classes, train, validation in _cases(make):
        fitted = make(classes=classes, seed=0).fit(train, validation).fitted
        with TemporaryDirectory() as name:
            folder = Path(name)
            fitted.save(folder)
            pickles = [p.name for p in folder.iterdir() if _is_pickle(p)]
            assert not pickles, f"{pickles[0]} is a pickle: loading it could run code"
            loaded = type(fitted).load(folder, classes=classes)
        same = np.array_equal(
            fitted.predict(validation.x), loaded.predict(validation.x)
        )
        assert same, f"predicting {task}, the loaded model differs from the saved one"


def check_settled_needs_no_validation(make: Make) -> None:
    """The settled model fits to all rows without validation, and settles on itself."""
    for task, classes, train, validation in _cases(make):
        settled = make(classes=classes, seed=0).fit(train, validation).settled
        again = settled.fit(train, None)
        assert again.settled == settled, (
            f"predicting {task}, a fit without validation rows changed what had been "
            "settled"
        )


def check_stops_when_told(make: Make) -> None:
    """`on_round` returning False ends the fit, with a model that predicts."""
    for task, classes, train, validation in _cases(make):
        told: list[Round] = []
        fit = make(classes=classes, seed=0).fit(train, validation, _once(told))
        assert len(told) <= 1, f"predicting {task}, it went on when told to stop"
        assert np.all(np.isfinite(fit.fitted.predict(validation.x)))


PROMISES = (
    check_beats_the_trivial_baseline,
    check_predicts_the_right_form,
    check_same_seed_same_fit,
    check_is_a_value,
    check_leaves_its_inputs_alone,
    check_saves_and_loads,
    check_settled_needs_no_validation,
    check_stops_when_told,
)


def _once(told: list[Round]) -> Callable[[Round], bool]:
    def on_round(done: Round) -> bool:
        told.append(done)
        return False

    return on_round


def _is_pickle(path: Path) -> bool:
    return path.read_bytes()[:2] in {b"\x80" + bytes([n]) for n in range(2, 6)}


def _cases(make: Make) -> Iterator[tuple[str, int, Rows, Rows]]:
    """For each task, easy training and validation rows: two columns tell of three.

    Of images, two of the colours do.
    """
    for task, classes in TASKS.items():
        rng = np.random.default_rng(classes)
        x: Any = rng.normal(size=(2 * PART, 4)).astype(np.float32)
        signal = 2 * x[:, 0] - x[:, 1] + 0.1 * rng.normal(size=len(x))
        y: Any = signal * 3 + 50
        if classes:
            edges = np.quantile(signal, np.arange(1, classes) / classes)
            y = np.digitize(signal, edges).astype(np.int64)
        if make(classes=classes, seed=0).view == "pictures":
            x = _pictures(x, rng)
        train, validation = (
            Rows(x=x[part].copy(), y=y[part].copy())
            for part in (slice(PART), slice(PART, None))
        )
        yield task, classes, train, validation


def _pictures(x: NDArray[Any], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Images whose colours are the first three columns, with noise on every pixel."""
    colours = 128 + 30 * x[:, None, None, :3]
    noisy = colours + 20 * rng.normal(size=(len(x), SIDE, SIDE, 3))
    return np.clip(noisy, 0, 255).astype(np.uint8)
