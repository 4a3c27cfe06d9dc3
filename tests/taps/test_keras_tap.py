"""The Keras tap within one process: faults, forks, other taps, and that it leaves."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

os.environ.setdefault("KERAS_BACKEND", "torch")

import keras

from wellfit.callbacks import KerasCallback
from wellfit.taps.keras import KerasTap
from wellfit.taps.keras.losses import criterion_of
from wellfit.taps.tap import attached

X = np.random.default_rng(0).normal(size=(60, 4)).astype("float32")
Y = X.sum(1, keepdims=True)


def _model() -> Any:
    keras.utils.set_random_seed(0)
    layers = [keras.layers.Dense(4, activation="relu"), keras.layers.Dense(1)]
    model = keras.Sequential(layers)
    model.compile("sgd", "mse", jit_compile=False)
    return model


def _fit(model: Any, *callbacks: Any) -> list[float]:
    kwargs = {"batch_size": 20, "epochs": 2, "verbose": 0, "callbacks": [*callbacks]}
    return model.fit(X, Y, **kwargs).history["loss"]


@contextlib.contextmanager
def watched(said: Any) -> Iterator[KerasTap]:
    tap = KerasTap(said, every=1)
    tap.attach()
    try:
        yield tap
    finally:
        tap.finish()


class Raising(keras.callbacks.Callback):
    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.error = error

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if batch == 1:
            raise self.error


def _patched() -> dict[str, Any]:
    """Every attribute of the classes that the tap touches, as it stands there."""
    kinds = {
        kind
        for cls in (keras.Model, keras.losses.Loss, keras.optimizers.Optimizer)
        for kind in (*cls.__mro__, keras.callbacks.CallbackList)
        if kind.__module__.startswith("keras.")
    }
    if keras.backend.backend() == "tensorflow":
        from wellfit.taps.keras.on_tensorflow import BACKEND

        kinds.add(BACKEND.function)
    return {f"{k.__qualname__}.{n}": v for k in kinds for n, v in vars(k).items()}


def test_detached_it_leaves_nothing(said) -> None:
    before, model = _patched(), _model()
    with watched(said) as tap:
        assert any(_patched()[name] is not was for name, was in before.items())
        _fit(model)
        assert tap.step == 6
    after = _patched()
    assert before.keys() == after.keys()
    assert [name for name, was in before.items() if after[name] is not was] == []
    assert tap not in attached()
    for layer in model.layers:
        assert not getattr(layer, "_forward_hooks", None)


@pytest.mark.parametrize("error", [ValueError("the user's own"), KeyboardInterrupt()])
def test_what_is_raised_goes_through_and_the_next_fit_is_seen(said, error) -> None:
    model = _model()
    with watched(said):
        with pytest.raises(type(error)) as caught:
            _fit(model, Raising(error))
        assert caught.value is error
        _fit(model)
    assert [step for step, _ in said.values["train/loss"]] == list(range(8))


def test_a_fault_of_the_tap_ends_the_watching_alone(said, capsys, monkeypatch) -> None:
    bare = _fit(_model())
    before = _patched()
    with watched(said) as tap:
        monkeypatch.setattr(tap._steps, "_look", lambda *_, **__: 1 / 0)
        assert _fit(_model()) == bare
        assert all(_patched()[name] is was for name, was in before.items())
    lines = capsys.readouterr().err.splitlines()
    assert [li for li in lines if "stopped watching keras at step 0" in li] == lines
    assert [kind for kind, *_ in said.events] == ["note"]


def test_a_second_model_is_told_of_and_not_mixed_in(said) -> None:
    with watched(said) as tap:
        _fit(_model())
        _fit(_model())
        assert tap.step == 6
    notes = [data["text"] for kind, _, data in said.events if kind == "note"]
    assert len(notes) == 1
    assert "another model" in notes[0]


def test_the_tap_of_pytorch_makes_room(said) -> None:
    from wellfit.taps.torch import TorchTap

    torch_tap = TorchTap(said)
    torch_tap.attach()
    with watched(said):
        _fit(_model())
        assert torch_tap not in attached()
    torch_tap.finish()
    assert len(said.values["train/loss"]) == 6
    assert [data["number"] for kind, _, data in said.events if kind == "epoch"] == [
        1,
        2,
    ]


def test_what_pytorch_trains_first_is_not_mixed_with_keras(said) -> None:
    import torch

    from wellfit.taps.torch import TorchTap

    torch_tap = TorchTap(said)
    torch_tap.attach()
    net = torch.nn.Linear(4, 1)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    with watched(said) as tap:
        torch.nn.functional.mse_loss(net(torch.tensor(X)), torch.tensor(Y)).backward()
        optimizer.step()
        _fit(_model())
        assert tap.step == 0
    torch_tap.finish()
    assert len(said.values["train/loss"]) == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_says_nothing(said) -> None:
    with watched(said) as tap:
        _fit(_model())
        child = os.fork()
        if child == 0:
            os._exit(int(tap._guard.on or bool(attached())))
        assert os.waitpid(child, 0)[1] == 0
        assert tap._guard.on


def test_a_callback_watches_the_fit_that_it_is_given_to(tmp_path: Path) -> None:
    bare, before = _fit(_model()), _patched()
    callback = KerasCallback(out=tmp_path / "run")
    with pytest.raises(RuntimeError, match="no run yet"):
        callback.folder  # noqa: B018
    assert _fit(_model(), callback) == bare
    assert all(_patched()[name] is was for name, was in before.items())
    assert callback.folder == tmp_path / "run"
    run = callback.run
    assert len(run.signal("loss")) == 6
    assert run.facts["training"]["epochs"] == 2
    assert run.facts["outcome"] == {"error": None, "interrupted": False}


@pytest.mark.parametrize(
    ("loss", "criterion", "task"),
    [
        ("mse", "mse_loss", "regression"),
        ("binary_crossentropy", "binary_cross_entropy", "binary"),
        (
            "sparse_categorical_crossentropy",
            "categorical_crossentropy",
            "classification",
        ),
        ("kl_divergence", "kl_divergence", "other"),
        (lambda y, p: (y - p) ** 2, "backward", "other"),
        (
            keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1),
            "cross_entropy",
            "classification",
        ),
    ],
)
def test_losses_have_the_names_that_rules_know(loss, criterion, task) -> None:
    found = criterion_of(keras.losses.get(loss))
    assert (found.name, found.task) == (criterion, task)
