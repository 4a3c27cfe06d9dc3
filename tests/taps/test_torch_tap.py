"""What the PyTorch tap says, against what is true, and that it leaves nothing."""

import contextlib
import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split

from wellfit.record import Recorder, open_run
from wellfit.taps.torch import TorchTap


@contextlib.contextmanager
def watched(said: Any, **options: Any) -> Iterator[TorchTap]:
    tap = TorchTap(said, **{"every": 1, **options})
    tap.attach()
    try:
        yield tap
    finally:
        tap.finish()


def _data(rows: int = 120, columns: int = 5, classes: int = 3) -> TensorDataset:
    x = torch.randn(rows, columns)
    return TensorDataset(x, x[:, :classes].argmax(1))


def _net(*, inside: nn.Module | None = None) -> nn.Sequential:
    return nn.Sequential(nn.Linear(5, 16), inside or nn.ReLU(), nn.Linear(16, 3))


def test_losses_of_every_step_are_those_of_the_script(said) -> None:
    model, true = _net(), []
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with watched(said):
        for x, y in DataLoader(_data(), 10):
            loss = F.cross_entropy(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            true.append(loss.item())
    assert said.values["train/loss"] == list(enumerate(true))


def test_a_sum_over_tokens_is_told_as_their_mean(said) -> None:
    model, true = nn.Embedding(7, 7), []
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    tokens = torch.randint(7, (4, 6))
    targets = tokens.roll(-1, 1)
    targets[:, 3:] = -100
    with watched(said):
        for _ in range(5):
            outputs = model(tokens).flatten(0, 1)
            total = F.cross_entropy(outputs, targets.flatten(), reduction="sum")
            optimizer.zero_grad()
            (total / 12).backward()
            optimizer.step()
            true.append(total.item() / 12)
    assert said.only("train/loss") == pytest.approx(true)


def test_losses_are_exact_on_the_steps_that_are_skimmed_too(said) -> None:
    model, true = _net(), []
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    criterion, loader = nn.CrossEntropyLoss(), DataLoader(_data(), 10, shuffle=True)
    with watched(said, every=50):
        for _ in range(100):
            for x, y in loader:
                loss = criterion(model(x), y)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                true.append(loss.item())
            with torch.no_grad():
                criterion(model(_data(40).tensors[0]), torch.zeros(40).long())
    assert said.values["train/loss"] == list(enumerate(true))
    assert [s for s, _ in said.values["val/loss"]] == list(range(12, 1201, 12))
    assert said.facts["training"]["rows"] == 120


def test_losses_of_slow_steps_are_not_held_for_long(said, monkeypatch) -> None:
    now = [0.0]
    for place in ("steps", "calm"):
        clock = f"wellfit.taps.torch.{place}.perf_counter"
        monkeypatch.setattr(clock, lambda: now[0])
    monkeypatch.setattr("wellfit.taps.looks.perf_counter", lambda: now[0])
    model, held = _net(), []
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    criterion, (x, y) = nn.CrossEntropyLoss(), _data(10).tensors
    with watched(said, every=1000):
        for step in range(1, 901):
            optimizer.zero_grad()
            criterion(model(x), y).backward()
            optimizer.step()
            now[0] += 0.1
            held.append(step - len(said.values["train/loss"]))
    assert max(held[10:]) <= 11  # a second: two stretches of calm, and a step


def test_evaluations_by_hand_now_and_then_are_told_apart(said) -> None:
    train, held = _data(80).tensors, _data(30).tensors
    model, criterion = _net(), nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    loader = DataLoader(TensorDataset(*train), 10, shuffle=True)
    true: dict[str, list[float]] = {"train/eval_loss": [], "val/loss": []}
    with watched(said, every=None):
        for epoch in range(60):
            for x, y in loader:
                optimizer.zero_grad()
                criterion(model(x), y).backward()
                optimizer.step()
            if epoch % 7 == 6:
                with torch.no_grad():
                    for name, (x, y) in zip(true, (train, held), strict=True):
                        true[name].append(criterion(model(x), y).item())
    for name, losses in true.items():
        assert said.only(name) == pytest.approx(losses)
    assert not said.values["test/loss"]


@pytest.mark.parametrize("now_and_then", [False, True])
def test_evaluations_in_long_calm_are_told_as_ever(said, now_and_then: bool) -> None:
    train, val = random_split(_data(110), [80, 30])
    model, criterion, true = _net(), nn.CrossEntropyLoss(), []
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    loader, held = DataLoader(train, 10, shuffle=True), DataLoader(val, 10)
    batches = iter(DataLoader(val, 3))
    with watched(said, every=10_000):
        for epoch in range(80):
            for x, y in loader:
                optimizer.zero_grad()
                criterion(model(x), y).backward()
                optimizer.step()
            if not now_and_then:
                part = list(held)
            elif epoch % 9 == 8:
                part = [next(batches)]
            else:
                continue
            with torch.no_grad():
                rows = [criterion(model(x), y).item() for x, y in part]
            true.append((8 * epoch + 8, sum(rows) / len(rows)))
    assert not said.values["test/loss"]
    assert said.values["val/loss"] == [(step, pytest.approx(v)) for step, v in true]
    rows = {data["rows"] for kind, _, data in said.events if kind == "evaluation"}
    assert rows == ({3} if now_and_then else {30})


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("kind", ["classes", "numbers"])
def test_the_order_of_the_targets_is_told(said, kind: str, shuffle: bool) -> None:
    x = torch.randn(400, 5)
    x = x[x[:, 0].argsort()]
    y = x[:, :1] if kind == "numbers" else (x[:, 0] > 0).long() + (x[:, 0] > 1).long()
    model = nn.Linear(5, 1 if kind == "numbers" else 3)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    criterion = nn.MSELoss() if kind == "numbers" else nn.CrossEntropyLoss()
    with watched(said):
        for a, b in DataLoader(TensorDataset(x, y), 20, shuffle=shuffle):
            optimizer.zero_grad()
            criterion(model(a), b).backward()
            optimizer.step()
    order = said.facts["objective"]["targets"]["order"]
    assert 0.7 < order < 1.3 if shuffle else order < 0.2
    batches = said.facts["objective"]["targets"]["batches"]
    assert batches < 2 if shuffle else batches > 5


def test_what_a_penalty_adds_and_what_dropout_takes_is_told(said) -> None:
    model = nn.Sequential(nn.Linear(5, 8), nn.Dropout(0.3), nn.Linear(8, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    x, true = torch.randn(60, 5), []
    with watched(said):
        for rows in torch.arange(60).split(20):
            loss = F.mse_loss(model(x[rows]).squeeze(1), x[rows].sum(1))
            whole = loss + 0.1 * sum(p.abs().sum() for p in model.parameters())
            optimizer.zero_grad()
            whole.backward()
            optimizer.step()
            true.append((loss.item(), whole.item()))
    losses, wholes = zip(*true, strict=True)
    assert said.only("train/loss") == pytest.approx(losses)
    assert said.only("train/objective") == pytest.approx(wholes[1:])
    shares = [layer.get("dropout") for layer in said.facts["model"]["layers"]]
    assert shares == [None, 0.3, None]


def test_how_much_the_losses_of_samples_differ_is_told(said) -> None:
    model = nn.Linear(5, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    x, y, true = torch.randn(60, 5), torch.randn(60, 1), []
    with watched(said):
        for rows in torch.arange(60).split(20):
            errors = (model(x[rows]) - y[rows]).detach() ** 2
            optimizer.zero_grad()
            F.mse_loss(model(x[rows]), y[rows]).backward()
            optimizer.step()
            true.append(errors.std().item())
    assert said.only("train/sample_loss_std") == pytest.approx(true[1:])


def test_a_step_that_took_long_stands_out(said) -> None:
    model, slow = _net(), 700
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    x, y = _data(16).tensors
    with watched(said, every=10_000):
        for step in range(1200):
            optimizer.zero_grad()
            F.cross_entropy(model(x), y).backward()
            optimizer.step()
            if step == slow:
                time.sleep(0.3)
    longest = said.values["train/step_time_max"]
    over = [step for step, seconds in longest if seconds > 0.3]
    assert len(over) == 1
    assert slow <= over[0] < slow + 256
    # The mean is of all steps, the longest of calm ones: on a busy machine another may
    # have been longer.
    means = dict(said.values["train/step_time"])
    longer = sum(seconds >= means[step] / 2 for step, seconds in longest)
    assert longer >= 0.8 * len(longest)


def test_validation_is_told_from_training_and_from_training_data(said) -> None:
    train, val, test = random_split(_data(150), [100, 30, 20])
    model, criterion = _net(), nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    true: dict[str, list[tuple[int, float]]] = {"val": [], "test": [], "train": []}

    def evaluate(name: str, data: Any, step: int) -> None:
        model.eval()
        total = right = 0.0
        with torch.no_grad():
            for x, y in DataLoader(data, 8):
                out = model(x)
                total += criterion(out, y).item() * len(y)
                right += (out.argmax(1) == y).sum().item()
        true[name].append((step, total / len(data)))
        true.setdefault(f"{name} right", []).append((step, right / len(data)))

    with watched(said):
        for epoch in range(3):
            model.train()
            for x, y in DataLoader(train, 10, shuffle=True):
                optimizer.zero_grad()
                criterion(model(x), y).backward()
                optimizer.step()
            evaluate("val", val, (epoch + 1) * 10)
            evaluate("train", train, (epoch + 1) * 10)
        evaluate("test", test, 30)
    for name, signal in {
        "val": "val/loss",
        "train": "train/eval_loss",
        "test": "test/loss",
        "val right": "val/accuracy",
        "train right": "train/eval_accuracy",
    }.items():
        steps, values = zip(*said.values[signal], strict=True)
        assert steps == tuple(s for s, _ in true[name]), signal
        np.testing.assert_allclose(values, [v for _, v in true[name]], rtol=1e-5)
    assert [e for e in said.events if e[0] == "epoch"] == [
        ("epoch", 10 * n, {"number": n}) for n in (1, 2, 3)
    ]
    assert said.facts["training"]["epochs"] == 3
    assert said.facts["training"]["rows"] == 100


def _by_slices(x: torch.Tensor, n: int) -> Iterator[slice | torch.Tensor]:
    yield from (slice(i, i + 10) for i in range(0, n, 10))


def _by_permutation(x: torch.Tensor, n: int) -> Iterator[slice | torch.Tensor]:
    yield from torch.randperm(n).split(10)


@pytest.mark.parametrize("cut", [_by_slices, _by_permutation])
def test_training_data_are_recognised_without_a_loader(said, cut) -> None:
    x = torch.randn(140, 5)
    y = x.sum(1, keepdim=True)
    train_x, train_y, val_x, val_y = x[:100], y[:100], x[100:], y[100:]
    if cut is _by_permutation:  # no views: only the rows themselves tell
        train_x, train_y, val_x, val_y = (
            t.clone() for t in (train_x, train_y, val_x, val_y)
        )
    model = nn.Linear(5, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    expected = []
    with watched(said):
        for _ in range(4):
            for rows in cut(train_x, 100):
                optimizer.zero_grad()
                F.mse_loss(model(train_x[rows]), train_y[rows]).backward()
                optimizer.step()
            with torch.no_grad():
                expected.append(F.mse_loss(model(val_x), val_y).item())
            with torch.no_grad():
                F.mse_loss(model(train_x), train_y)
    assert said.only("val/loss") == pytest.approx(expected)
    assert len(said.values["train/eval_loss"]) == 4


def test_two_parts_of_one_tensor_are_two_data_sets(said) -> None:
    x = torch.randn(140, 5)
    y = x.sum(1, keepdim=True)
    model = nn.Linear(5, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    expected = []
    with watched(said):
        for _ in range(12):
            optimizer.zero_grad()
            F.mse_loss(model(x[:100]), y[:100]).backward()
            optimizer.step()
            with torch.no_grad():
                expected.append(F.mse_loss(model(x[100:]), y[100:]).item())
    assert said.only("val/loss") == pytest.approx(expected)
    assert "train/eval_loss" not in said.values


def test_gradients_weights_and_updates_are_right(said) -> None:
    model = _net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    expected = []
    with watched(said):
        for x, y in DataLoader(_data(), 20):
            optimizer.zero_grad()
            F.cross_entropy(model(x), y).backward()
            grads = [p.grad.norm().item() for p in model.parameters()]
            before = model[0].weight.detach().clone()
            optimizer.step()
            ratio = (model[0].weight - before).norm() / before.norm()
            expected.append(
                (*grads, math.hypot(*grads), before.norm().item(), ratio.item())
            )
    names = [f"train/grad_norm@{n}" for n, _ in model.named_parameters()]
    names += [
        "train/grad_norm",
        "train/weight_norm@0.weight",
        "train/update_ratio@0.weight",
    ]
    for name, true in zip(names, zip(*expected, strict=True), strict=True):
        assert said.only(name) == pytest.approx(true, rel=1e-4), name


@pytest.mark.parametrize(
    "clip", [lambda p: ((p, 1.0), {}), lambda p: ((p,), {"max_norm": 1.0})]
)
def test_a_clipped_gradient_is_told_before_and_the_limit_with_it(said, clip) -> None:
    model = nn.Linear(4, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    norms = []
    with watched(said, every=3):
        for _ in range(9):
            x = torch.randn(16, 4)
            optimizer.zero_grad()
            (100 * F.mse_loss(model(x), x[:, :1])).backward()
            args, kwargs = clip(model.parameters())
            norms.append(torch.nn.utils.clip_grad_norm_(*args, **kwargs).item())
            optimizer.step()
    got = dict(said.values["train/grad_norm"])
    assert [got[s] for s in range(9)] == pytest.approx(norms)
    assert said.facts["clipping"] == {"kind": "norm", "limit": 1.0}


@pytest.mark.parametrize("functional", [False, True])
def test_dead_units_are_counted_as_units(said, functional: bool) -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.act, self.last = (
                nn.Linear(5, 8),
                nn.ReLU(),
                nn.Linear(8, 3),
            )
            with torch.no_grad():
                self.first.bias[:6] = -100.0

        def forward(self, x):
            hidden = self.first(x)
            return self.last(F.relu(hidden) if functional else self.act(hidden))

    model = Net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    with watched(said):
        for x, y in DataLoader(_data(), 40):
            optimizer.zero_grad()
            F.cross_entropy(model(x), y).backward()
            optimizer.step()
    place = "first" if functional else "act"
    assert said.only(f"train/dead_share@{place}") == pytest.approx([0.75, 0.75])
    assert all(s > 0.75 for s in said.only(f"train/zero_share@{place}"))


@pytest.mark.parametrize("activation", [nn.Sigmoid(), nn.Tanh()])
def test_saturated_activations_are_seen(said, activation: nn.Module) -> None:
    model = _net(inside=activation)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    with torch.no_grad():
        model[0].weight.mul_(100)
    with watched(said):
        for x, y in DataLoader(_data(), 20):
            optimizer.zero_grad()
            F.cross_entropy(model(x), y).backward()
            optimizer.step()
    assert min(said.only("train/saturated_share@1")) > 0.8


def test_a_loss_by_hand_is_what_backward_was_called_on(said) -> None:
    model, true = nn.Linear(5, 1), []
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    with watched(said):
        for x, _ in DataLoader(_data(), 12):
            loss = ((model(x) - x.sum(1, keepdim=True)) ** 2).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            true.append(loss.item())
    assert said.only("train/loss") == true
    assert said.facts["training"]["loss_source"] == "backward"


def test_accumulated_batches_are_one_step(said) -> None:
    model = _net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    true: list[float] = []
    with watched(said):
        for place, (x, y) in enumerate(DataLoader(_data(), 10)):
            loss = F.cross_entropy(model(x), y)
            true.append(loss.item())
            (loss / 4).backward()
            if place % 4 == 3:
                optimizer.step()
                optimizer.zero_grad()
    means = [sum(true[i : i + 4]) / 4 for i in (0, 4, 8)]
    assert said.only("train/loss") == pytest.approx(means)
    assert said.only("train/batch_size") == [40, 40, 40]


def test_two_optimizers_are_one_count_of_steps(said) -> None:
    maker, judge = nn.Linear(2, 4), nn.Linear(4, 1)
    make, judging = (torch.optim.Adam(m.parameters()) for m in (maker, judge))
    criterion = nn.BCEWithLogitsLoss()
    with watched(said):
        for _ in range(6):
            real, fake = torch.randn(8, 4), maker(torch.randn(8, 2))
            judging.zero_grad()
            told = criterion(judge(real), torch.ones(8, 1))
            (told + criterion(judge(fake.detach()), torch.zeros(8, 1))).backward()
            judging.step()
            make.zero_grad()
            criterion(judge(fake), torch.ones(8, 1)).backward()
            make.step()
    assert [s for s, _ in said.values["train/loss"]] == [0, 1, 2, 3, 4, 5]
    assert len(said.values["train/grad_norm@Linear.weight"]) >= 5
    assert said.facts["training"]["steps"] == 6


def test_lbfgs_is_counted_by_its_steps(said) -> None:
    model = nn.Linear(5, 1)
    optimizer = torch.optim.LBFGS(model.parameters(), max_iter=5)
    x = torch.randn(50, 5)

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss = F.mse_loss(model(x), x.sum(1, keepdim=True))
        loss.backward()
        return loss

    with watched(said):
        first = [optimizer.step(closure).item() for _ in range(3)]
    assert said.only("train/loss") == pytest.approx(first)


def test_evaluation_without_no_grad_is_still_evaluation(said) -> None:
    model = nn.Sequential(nn.Linear(5, 8), nn.Dropout(0.1), nn.Linear(8, 3))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    train, val = random_split(_data(), [100, 20])
    with watched(said):
        for _ in range(2):
            model.train()
            for x, y in DataLoader(train, 10):
                optimizer.zero_grad()
                F.cross_entropy(model(x), y).backward()
                optimizer.step()
            model.eval()
            for x, y in DataLoader(val, 5):
                F.cross_entropy(model(x), y)
    assert [s for s, _ in said.values["val/loss"]] == [10, 20]
    assert len(said.values["train/loss"]) == 20


def test_regression_is_scored(said) -> None:
    model = nn.Linear(5, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    x = torch.randn(64, 5)
    y = x.sum(1, keepdim=True) + 10
    with watched(said):
        for _ in range(3):
            optimizer.zero_grad()
            F.mse_loss(model(x), y).backward()
            optimizer.step()
        with torch.no_grad():
            out = model(x[:32].clone() + 1)
            F.mse_loss(out, y[:32])
    error = (out - y[:32]).double()
    r2 = 1 - (error**2).mean() / y[:32].double().var(correction=0)
    assert said.only("val/r2") == pytest.approx([r2.item()], rel=1e-4)
    assert said.only("val/rmse") == pytest.approx([(error**2).mean().sqrt().item()])
    objective = said.facts["objective"]
    assert (objective["task"], objective["criterion"]) == ("regression", "mse_loss")
    assert objective["trivial"]["loss"] == pytest.approx(
        y.var(correction=0).item(), rel=1e-3
    )


def test_shapes_that_broadcast_are_told(said) -> None:
    model = nn.Linear(5, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    told = pytest.warns(UserWarning, match="target size")
    with watched(said), told:
        for x, _ in DataLoader(_data(), 40):
            optimizer.zero_grad()
            F.mse_loss(model(x), x.sum(1)).backward()
            optimizer.step()
    assert said.facts["objective"]["broadcast"] is True


def test_non_finite_losses_are_kept_and_told(said) -> None:
    model = nn.Linear(5, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    with watched(said):
        for step in range(20):
            x = torch.randn(8, 5) * (math.nan if step == 12 else 1)
            optimizer.zero_grad()
            F.mse_loss(model(x), torch.zeros(8, 1)).backward()
            optimizer.step()
    losses = said.only("train/loss")
    assert np.isfinite(losses[:12]).all()
    assert np.isnan(losses[12:]).all()
    assert ("non-finite", 12, {"what": "loss"}) in said.events


def _surface() -> dict[str, Any]:
    """Everything that a tap touches, by identity."""
    from torch.nn.modules import module
    from torch.optim import optimizer
    from torch.utils.data.dataloader import _BaseDataLoaderIter

    from wellfit.taps.torch.criteria import CRITERIA

    found = {f"F.{name}": getattr(F, name) for name in CRITERIA}
    found |= {
        "backward": torch.Tensor.backward,
        "clip": nn.utils.clip_grad_norm_,
        "clip2": nn.utils.clip_grad.clip_grad_norm_,
        "clip3": nn.utils.clip_grad_value_,
        "next": _BaseDataLoaderIter.__next__,
        "iter": DataLoader.__iter__,
        "script": torch.jit.script,
    }
    hooks = [v for k, v in sorted(vars(module).items()) if k.startswith("_global_")]
    tables = [len(h) for h in hooks if isinstance(h, dict)]
    tables += [len(optimizer._global_optimizer_pre_hooks)]
    tables += [len(optimizer._global_optimizer_post_hooks)]
    return {**found, "tables": tables}


def test_nothing_is_left_behind(said) -> None:
    model = _net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    before = _surface()
    with watched(said):
        assert _surface() != before
        for x, y in DataLoader(_data(), 10):
            optimizer.zero_grad()
            F.cross_entropy(model(x), y).backward()
            optimizer.step()
    assert _surface() == before
    for module in model.modules():
        assert not module._forward_hooks
        assert not module._forward_pre_hooks
        assert not module._backward_hooks


def test_a_fault_of_ours_ends_the_watching_not_the_training(said, capsys) -> None:
    def broken(name: str, step: int, value: float) -> None:
        if step == 3:
            raise RuntimeError("disk on fire")
        said.values[name].append((step, value))

    before = _surface()
    kept, said.value = said.value, broken
    model = _net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    done = 0
    with watched(said):
        for x, y in DataLoader(_data(400), 10):
            optimizer.zero_grad()
            F.cross_entropy(model(x), y).backward()
            optimizer.step()
            done += 1
        assert _surface() == before
    said.value = kept
    assert done == 40
    assert capsys.readouterr().err.count("disk on fire") == 1
    assert said.events[-1][0] == "note"


def test_an_exception_in_the_forward_pass_does_no_harm(said) -> None:
    class Sometimes(nn.Module):
        calls = 0

        def forward(self, x):
            self.calls += 1
            if self.calls == 3:
                raise ValueError("of the user's own")
            return x

    model = _net(inside=Sometimes())
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with watched(said):
        for x, y in DataLoader(_data(), 20):
            optimizer.zero_grad()
            with contextlib.suppress(ValueError):
                F.cross_entropy(model(x), y).backward()
            optimizer.step()
    assert len(said.values["train/loss"]) == 5


def test_compiled_scripts_and_functions_still_work(said) -> None:
    def step(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return F.mse_loss(x, y) + F.smooth_l1_loss(x, y)

    x = torch.randn(4, 2)
    with watched(said):
        with pytest.warns(DeprecationWarning, match="deprecated"):
            scripted = torch.jit.script(step)
        assert torch.allclose(scripted(x, x + 1), torch.tensor(1.5))
        assert torch.func.grad(lambda v: F.mse_loss(v, x))(x + 1).shape == x.shape
        torch.vmap(F.mse_loss)(x, x)


def test_modules_may_return_anything(said) -> None:
    class Odd(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(5, 3)
            self.lstm = nn.LSTM(5, 3, batch_first=True)

        def forward(self, batch):
            hidden = self.lstm(batch["x"].unsqueeze(1))[0][:, 0]
            return {"logits": self.layer(batch["x"]) + hidden, "none": None}

    model = Odd()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with watched(said):
        for x, y in DataLoader(_data(), 20):
            optimizer.zero_grad()
            F.cross_entropy(model({"x": x})["logits"], y).backward()
            optimizer.step()
    assert len(said.values["train/loss"]) == 6
    assert said.facts["inputs"]["shape"] == [5]


def test_users_hooks_are_left_alone(said) -> None:
    model, seen = _net(), []
    model[0].register_forward_hook(lambda *_: seen.append("forward"))
    model[0].weight.register_hook(lambda g: seen.append("backward"))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with watched(said):
        for x, y in DataLoader(_data(), 40):
            optimizer.zero_grad()
            F.cross_entropy(model(x), y).backward()
            optimizer.step()
    assert seen == ["forward", "backward"] * 3
    assert len(model[0]._forward_hooks) == 1


def test_random_numbers_are_not_drawn(said) -> None:
    model = _net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    data = _data()

    def train() -> torch.Tensor:
        torch.manual_seed(5)
        for x, y in DataLoader(data, 20, shuffle=True):
            optimizer.zero_grad()
            F.cross_entropy(model(x), y).backward()
            optimizer.step()
        return torch.get_rng_state()

    bare = train()
    with watched(said):
        assert torch.equal(train(), bare)


def test_an_evaluation_between_a_loss_and_its_backward_counts_no_loss_twice(
    tmp_path: Path,
) -> None:
    model, losses = nn.Linear(4, 1), []
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    x, y = torch.randn(64, 4), torch.randn(64, 1)
    with Recorder(tmp_path / "run") as recorder:
        tap = TorchTap(recorder)
        tap.attach()
        for step in range(1200):
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(model(x), y)
            if step > 900:
                with torch.no_grad():
                    nn.functional.mse_loss(model(x[:8]), y[:8])
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        tap.finish()
    seen = open_run(tmp_path / "run").signal("loss")
    assert seen.values.tolist() == losses


@pytest.mark.parametrize("how", ["orders", "at random"])
def test_rows_that_come_again_are_counted_where_each_is_drawn_once(said, how) -> None:
    """By hand, that is known from the orders that are drawn."""
    model, count = _net(), 256
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    x, y = _data(count // 2).tensors
    x, y = torch.cat([x, x]), torch.cat([y, y])
    with watched(said, every=1):
        for _ in range(4):
            orders = torch.randperm(count) if how == "orders" else torch.arange(count)
            if how == "at random":
                orders = torch.randint(0, count, (count,))
            for rows in orders.split(32):
                optimizer.zero_grad()
                F.cross_entropy(model(x[rows]), y[rows]).backward()
                optimizer.step()
    found = said.facts["data"].get("duplicates")
    if how == "orders":
        assert found["rows"] == count
        assert found["copies"] == pytest.approx(count // 2, rel=0.3)
    else:
        assert found is None


def test_validation_rows_are_taken_at_the_door(said) -> None:
    """Its predictions are gathered, and their loss is taken at once."""
    model = _net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    x, y = _data(96).tensors
    held, targets = _data(80).tensors
    held = torch.cat([held, x[-20:]])
    targets = torch.cat([targets, y[-20:]])
    with watched(said, every=1):
        for _ in range(3):
            for rows in torch.arange(len(x)).split(32):
                optimizer.zero_grad()
                F.cross_entropy(model(x[rows]), y[rows]).backward()
                optimizer.step()
            with torch.no_grad():
                out = torch.cat([model(part) for part in held.split(32)])
                F.cross_entropy(out, targets)
    overlap = said.facts["data"]["overlap"]
    assert overlap["training"] >= 64  # the first batch came before its model was known
    assert (overlap["validation"], overlap["shared"]) == (100, 20)
