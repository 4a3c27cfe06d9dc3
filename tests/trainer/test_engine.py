"""The engine: equal to a loop by hand, and true to each of its settings."""

import copy
import math
import time
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from torch.optim import swa_utils

from wellfit.core.errors import BadSetting, UnknownName
from wellfit.record import Recorder, open_run
from wellfit.schedules.composed import WarmUp
from wellfit.schedules.decay import Cosine
from wellfit.schedules.plateau import Plateau
from wellfit.taps.torch import watch
from wellfit.trainer.engine import fit
from wellfit.trainer.feed import MemoryFeed, order_of
from wellfit.trainer.optimizers import OptimizerSettings, make_optimizers
from wellfit.trainer.precision import bfloat16_pays
from wellfit.trainer.settings import (
    Averaging,
    Limits,
    Penalty,
    Settings,
    Stopping,
    Task,
)

ROWS, FEATURES, CLASSES, BATCH = 200, 8, 4, 32
SGD = OptimizerSettings(name="sgd", options={"momentum": 0.9})


def rows(seed=0, count=ROWS):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(count, FEATURES, generator=generator)
    return x, x[:, :CLASSES].argmax(dim=1)


def doubled(data):
    return data[0].double(), data[1]


def network(*, dropout=0.0, norm=False):
    torch.manual_seed(0)
    layers = [nn.Linear(FEATURES, 64), nn.ReLU(), nn.Dropout(dropout)]
    norms = [nn.BatchNorm1d(64)] if norm else []
    return nn.Sequential(*layers[:1], *norms, *layers[1:], nn.Linear(64, CLASSES))


def task(model=None, *, validation=True, data=None, **feed):
    feed = {"batch_size": BATCH} | feed
    held = MemoryFeed(tensors=rows(1), batch_size=ROWS, shuffle=False)
    return Task(
        network=network() if model is None else model,
        criterion=nn.CrossEntropyLoss(),
        feed=MemoryFeed(tensors=data or rows(), **feed),
        validation=held if validation else None,
    )


def quiet(_):
    """Nobody reads what is said."""


def trained(model=None, *, said=None, on_epoch=None, of=None, **how):
    """A network trained with these settings, and how it went."""
    model = network() if model is None else model
    how = {"limits": Limits(epochs=3), "optimizer": SGD} | how
    told = {"on_epoch": on_epoch} if on_epoch else {}
    outcome = fit(
        of or task(model),
        Settings(**how),
        say=quiet if said is None else said.append,
        **told,
    )
    return (of.network if of else model), outcome


def same(one, other):
    both = zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in both)


def by_hand(model, epochs, how=SGD, *, schedule=None, clip=None):
    """The loop that anybody writes."""
    (x, y), criterion = rows(), nn.CrossEntropyLoss()
    (optimizer,) = make_optimizers(model, how)
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, schedule or (lambda _: 1))
    for epoch in range(epochs):
        for places in order_of(len(x), seed=0, epoch=epoch).split(BATCH):
            optimizer.zero_grad()
            loss = criterion(model(x[places]), y[places])
            loss.backward()
            if clip:
                nn.utils.clip_grad_norm_(model.parameters(), clip)
            optimizer.step()
            scheduler.step()
    return model


@pytest.mark.parametrize("name", ["sgd", "adagrad", "rmsprop", "adam", "adamw"])
def test_it_is_the_loop_by_hand_to_the_bit(name):
    how = OptimizerSettings(name=name)
    torch.manual_seed(1)
    expected = by_hand(network(dropout=0.2), 3, how)
    torch.manual_seed(1)
    found, _ = trained(network(dropout=0.2), optimizer=how)
    assert same(found, expected)


def test_so_it_is_with_a_schedule_and_clipping():
    schedule = Cosine(steps=21)
    expected = by_hand(network(), 3, schedule=schedule.factor, clip=0.1)
    found, _ = trained(schedule=schedule, clip_norm=0.1)
    assert same(found, expected)


def test_the_losses_are_the_means_over_rows():
    still = OptimizerSettings(name="sgd", learning_rate=0.0)
    _, outcome = trained(limits=Limits(epochs=1), optimizer=still)
    x, y = rows()
    expected = nn.functional.cross_entropy(network()(x), y).item()
    assert outcome.history[0].metrics["train/loss"] == pytest.approx(expected)


# Stored. In float64: in float32 Adam, whose first steps are as large for the smallest
# gradient, makes 2e-4 of the last bits that kernels differ in from machine to machine.
CURVE = [1.12484699, 0.805961894, 0.627021189, 0.537593811, 0.498907838]


def test_its_curve_is_the_stored_one():
    how = {
        "optimizer": OptimizerSettings(learning_rate=0.01),
        "schedule": WarmUp(steps=5, then=Cosine(steps=30)),
        "averaging": Averaging(decay=0.9),
        "clip_norm": 1.0,
        "limits": Limits(epochs=5),
    }
    exact = Task(
        network=network(dropout=0.1, norm=True).double(),
        criterion=nn.CrossEntropyLoss(),
        feed=MemoryFeed(tensors=doubled(rows()), batch_size=BATCH),
        validation=MemoryFeed(tensors=doubled(rows(1)), batch_size=ROWS, shuffle=False),
    )
    _, outcome = trained(of=exact, **how)
    losses = [epoch.metrics["val/loss"] for epoch in outcome.history]
    assert losses == pytest.approx(CURVE, rel=1e-6)


# -- memory -----------------------------------------------------------------------


def test_accumulated_parts_are_the_whole():
    whole, before = trained()
    parts, after = trained(parts=3)
    assert not same(whole, parts)
    for a, b in zip(whole.parameters(), parts.parameters(), strict=True):
        assert torch.allclose(a, b, rtol=1e-4, atol=1e-6)
    losses = [[e.metrics["train/loss"] for e in o.history] for o in (before, after)]
    assert losses[0] == pytest.approx(losses[1])


class Greedy(nn.Module):
    """Asks for more memory than there is, where it gets more than 8 rows."""

    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, x):
        if self.training and len(x) > 8:
            torch.empty(2**52)
        return self.inner(x)


def test_out_of_memory_halves_what_goes_through_at_once():
    said = []
    greedy, _ = trained(Greedy(network()), said=said)
    parts, _ = trained(parts=4)
    assert same(greedy.inner, parts)
    assert [note.split(",")[0] for note in said] == [
        "out of memory: 16 rows at once from here on",
        "out of memory: 8 rows at once from here on",
    ]
    assert "a step is still on 32 rows" in said[0]
    assert "normalisation" not in said[0]


def test_it_is_said_what_batch_normalisation_sees():
    said = []
    trained(Greedy(network(norm=True)), said=said)
    assert said[-1].endswith("batch normalisation sees 8")


def test_one_row_that_does_not_fit_is_an_error():
    class Insatiable(Greedy):
        def forward(self, x):
            return torch.empty(2**52)

    with pytest.raises(BadSetting, match="1 rows at once are too many"):
        trained(Insatiable(network()), limits=Limits(epochs=1))


def test_fewer_rows_go_through_at_once_where_memory_would_not_do():
    said = []
    planned, _ = trained(network(dropout=0.2), said=said, memory=25_000)
    (note,) = said
    size = int(note.split()[4])
    assert note.startswith(f"memory would not do: {size} rows at once from here on")
    assert 2 <= size <= 16
    parts, _ = trained(network(dropout=0.2), parts=-(-BATCH // size))
    assert same(planned, parts)


def test_what_fits_is_told_without_a_trace():
    said = []
    roomy, _ = trained(network(dropout=0.2, norm=True), said=said, memory=500_000)
    plain, _ = trained(network(dropout=0.2, norm=True), said=said)
    assert same(roomy, plain)
    assert not said


def test_an_evaluation_that_does_not_fit_is_made_in_parts():
    class Timid(Greedy):
        def forward(self, x):
            if not self.training and len(x) > 60:
                raise RuntimeError("not enough memory: you tried to allocate")
            return self.inner(x)

    found, outcome = trained(Timid(network()))
    whole, expected = trained()
    assert same(found.inner, whole)
    losses = [epoch.metrics["val/loss"] for epoch in outcome.history]
    assert losses == pytest.approx(
        [epoch.metrics["val/loss"] for epoch in expected.history], rel=1e-6
    )


class Counting(nn.Module):
    """Notes how many rows come at once while nothing is trained."""

    def __init__(self, inner):
        super().__init__()
        self.inner, self.seen = inner, []

    def forward(self, x):
        if not self.training:
            self.seen.append(len(x))
        return self.inner(x)


def test_an_evaluation_takes_no_more_memory_than_the_training_may():
    said = []
    held, _ = trained(Counting(network()), said=said, memory=25_000)
    size = int(said[0].split()[4])
    assert size < max(held.seen) <= 2 * size
    free, _ = trained(Counting(network()))
    assert max(free.seen) > 2 * size
    assert same(held.inner, trained(memory=25_000)[0])


def test_another_error_is_passed_on():
    wrong = nn.Sequential(nn.Linear(FEATURES + 1, CLASSES))
    with pytest.raises(RuntimeError, match="cannot be multiplied"):
        trained(wrong)


class Blocks(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.first = nn.Linear(FEATURES, 16)
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.Linear(16, 16), nn.ReLU(), nn.Dropout(0.3))
            for _ in range(3)
        )
        self.last = nn.Linear(16, CLASSES)

    def forward(self, x):
        x = self.first(x)
        for block in self.blocks:
            x = x + block(x)
        return self.last(x)


def test_recomputed_activations_are_the_same():
    torch.manual_seed(1)
    kept, _ = trained(Blocks())
    torch.manual_seed(1)
    again, _ = trained(Blocks(), recompute_activations=True)
    assert same(kept, again)
    assert "forward" not in vars(again.blocks[0])


def test_recomputing_needs_blocks():
    with pytest.raises(BadSetting, match="needs a stack of blocks"):
        trained(recompute_activations=True)


# -- averages and penalties --------------------------------------------------------


def test_the_average_is_torchs():
    kept = []
    model = network(norm=True)
    averaged = swa_utils.AveragedModel(
        model, multi_avg_fn=swa_utils.get_swa_multi_avg_fn()
    )

    def take(epoch):
        if epoch.number >= 2:
            averaged.update_parameters(model)
            kept.append(copy.deepcopy(averaged))
        return True

    average = Averaging(kind="swa", start=14, every=7)
    found, _ = trained(model, averaging=average, on_epoch=take, limits=Limits(epochs=4))
    feed = MemoryFeed(tensors=rows(), batch_size=BATCH)
    swa_utils.update_bn((x for x, _ in feed.batches(0)), kept[-1])
    for name, value in kept[-1].module.state_dict().items():
        assert torch.allclose(found.state_dict()[name], value, atol=1e-6), name


def test_a_moving_average_forgets():
    weights = []

    def take(epoch):
        weights.append(model[0].weight.detach().clone())
        return True

    model = network()
    average = Averaging(decay=0.25, start=7, every=7)
    trained(model, averaging=average, on_epoch=take, limits=Limits(epochs=4))
    expected = weights[0]
    for place, weight in enumerate(weights[1:], 1):
        decay = min(0.25, (1 + place) / (10 + place))
        expected = decay * expected + (1 - decay) * weight
    assert torch.allclose(model[0].weight, expected, atol=1e-6)


def test_what_is_averaged_is_evaluated():
    average = Averaging(decay=0.9)
    found, outcome = trained(averaging=average)
    x, y = rows(1)
    with torch.no_grad():
        loss = nn.functional.cross_entropy(found.eval()(x), y)
    assert outcome.history[-1].metrics["val/loss"] == pytest.approx(float(loss))


def test_the_penalty_is_on_weights_and_not_on_biases():
    how = {
        "limits": Limits(steps=1),
        "optimizer": OptimizerSettings(name="sgd", learning_rate=0.1),
    }
    before, (plain, _) = network(), trained(**how)
    penalized, _ = trained(penalty=Penalty(l1=0.01, l2=0.1), **how)
    weight = before[0].weight.detach()
    gradient = 0.01 * weight.sign() + 2 * 0.1 * weight
    expected = plain[0].weight - 0.1 * gradient
    assert torch.allclose(penalized[0].weight, expected, atol=1e-6)
    assert torch.equal(penalized[0].bias, plain[0].bias)


# -- ends -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limits", "steps", "epochs"),
    [
        ({"epochs": 2}, 14, 2),
        ({"steps": 7, "epochs": None}, 7, 1),
        ({"steps": 10, "epochs": None}, 10, 2),
        ({"steps": 10, "epochs": 1}, 7, 1),
    ],
)
def test_it_ends_at_the_first_limit(limits, steps, epochs):
    _, outcome = trained(limits=Limits(**limits))
    assert (outcome.steps, len(outcome.history)) == (steps, epochs)
    assert outcome.ended in limits


def test_it_ends_in_time():
    begun = time.monotonic()
    _, outcome = trained(limits=Limits(epochs=None, seconds=0.3))
    assert outcome.ended == "seconds"
    assert 0.1 < time.monotonic() - begun < 5
    assert not any(math.isnan(e.metrics["train/loss"]) for e in outcome.history)


def test_without_time_nothing_is_done():
    _, outcome = trained(limits=Limits(epochs=None, seconds=0.0))
    assert (outcome.steps, outcome.history) == (0, ())


def test_it_stops_after_its_patience_with_the_best_weights():
    few = rows(count=20)
    given = task(data=(few[0], few[1].roll(3)), batch_size=5)
    model, outcome = trained(
        of=given, stopping=Stopping(patience=3), limits=Limits(epochs=50)
    )
    losses = [epoch.metrics["val/loss"] for epoch in outcome.history]
    assert outcome.ended == "patience"
    assert outcome.best_epoch == losses.index(min(losses)) + 1 == len(losses) - 3
    x, y = rows(1)
    with torch.no_grad():
        assert float(nn.functional.cross_entropy(model(x), y)) == min(losses)


def test_a_gain_has_to_be_large_enough():
    never = Stopping(patience=2, least_gain=1e9)
    _, outcome = trained(stopping=never, limits=Limits(epochs=9))
    assert (outcome.best_epoch, len(outcome.history)) == (1, 3)


def test_any_measure_can_be_gone_by():
    def accuracy(outputs, targets):
        return (outputs.argmax(1) == targets).float().mean().item()

    given = replace(task(), measures={"accuracy": accuracy})
    stopping = Stopping(metric="val/accuracy", greater_is_better=True, patience=2)
    schedule = Plateau(metric="val/accuracy", greater_is_better=True)
    _, outcome = trained(
        of=given, stopping=stopping, schedule=schedule, limits=Limits(epochs=30)
    )
    found = [epoch.metrics["val/accuracy"] for epoch in outcome.history]
    assert found[outcome.best_epoch - 1] == max(found) > 0.8


def test_a_metric_that_is_not_there_is_said():
    with pytest.raises(UnknownName, match="did you mean 'val/loss'"):
        trained(stopping=Stopping(metric="val/los"))


def test_weights_that_are_no_numbers_end_it():
    x, y = rows()
    x[0, 0] = math.nan
    _, outcome = trained(of=task(data=(x, y)))
    assert (outcome.ended, len(outcome.history)) == ("not finite", 1)


def test_a_plateau_lowers_the_rate():
    schedule = Plateau(rate=0.5, patience=0, least_gain=1e9)
    _, slowed = trained(schedule=schedule, limits=Limits(epochs=2))
    _, plain = trained(limits=Limits(epochs=2))
    _, slowed_late = trained(schedule=schedule, limits=Limits(epochs=3))
    assert slowed.history == plain.history  # the first sets the best, the second falls
    _, plain_late = trained(limits=Limits(epochs=3))
    assert slowed_late.history[2] != plain_late.history[2]


def test_it_is_evaluated_each_so_many_steps():
    by_epoch, _ = trained(limits=Limits(epochs=3))
    by_steps, outcome = trained(limits=Limits(epochs=3), evaluate_every=5)
    assert same(by_steps, by_epoch)
    assert [e.steps for e in outcome.history] == [5, 10, 15, 20, 21]
    assert [e.number for e in outcome.history] == [1, 2, 3, 4, 5]


def test_what_is_told_of_training_is_since_the_evaluation_before():
    still = OptimizerSettings(name="sgd", learning_rate=0.0)
    _, outcome = trained(limits=Limits(steps=4), optimizer=still, evaluate_every=2)
    x, y = rows()
    order = order_of(len(x), seed=0, epoch=0)
    for epoch, places in zip(outcome.history, order.split(2 * BATCH), strict=False):
        expected = nn.functional.cross_entropy(network()(x[places]), y[places]).item()
        assert epoch.metrics["train/loss"] == pytest.approx(expected)


def test_patience_counts_evaluations():
    never = Stopping(patience=2, least_gain=1e9)
    _, outcome = trained(stopping=never, evaluate_every=2, limits=Limits(epochs=9))
    assert (outcome.ended, outcome.steps, len(outcome.history)) == ("patience", 6, 3)


# -- precision and the rest --------------------------------------------------------


def test_trying_bfloat16_leaves_no_trace():
    torch.manual_seed(0)
    model = network(dropout=0.1, norm=True)
    before, state = torch.get_rng_state(), copy.deepcopy(model.state_dict())
    assert bfloat16_pays(model, nn.CrossEntropyLoss(), rows()) in {True, False}
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(model.state_dict()[n], v) for n, v in state.items())
    assert all(p.grad is None for p in model.parameters())


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_it_learns_in_fewer_bits(precision):
    model, outcome = trained(precision=precision, limits=Limits(epochs=8))
    assert model[0].weight.dtype == torch.float32
    assert outcome.history[-1].metrics["val/loss"] < 0.7


def test_float16_leaves_out_steps_that_overflow():
    x, y = rows()
    given = task(data=(x * 1e4, y))
    model, _ = trained(of=given, precision="float16", limits=Limits(steps=3))
    assert all(p.isfinite().all() for p in model.parameters())


def images():
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(64, 3, 8, 8, generator=generator)
    return x, (x.mean(dim=(1, 2, 3)) > 0).long()


def test_channels_last_is_the_same_training():
    def convolutions():
        torch.manual_seed(0)
        return nn.Sequential(
            nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 36, 2)
        )

    results = [
        trained(
            of=task(convolutions(), data=images(), validation=False), channels_last=last
        )[0]
        for last in (False, True)
    ]
    assert results[1][0].weight.is_contiguous(memory_format=torch.channels_last)
    for a, b in zip(*(r.parameters() for r in results), strict=True):
        assert torch.allclose(a, b, atol=1e-5)


@pytest.mark.parametrize("name", ["lbfgs", "muon"])
def test_other_optimizers_learn(name):
    given = task(batch_size=ROWS) if name == "lbfgs" else task(Blocks())
    how = OptimizerSettings(name=name, learning_rate=None if name == "lbfgs" else 0.02)
    _, outcome = trained(of=given, optimizer=how, limits=Limits(epochs=9))
    assert outcome.history[-1].metrics["train/loss"] < 0.5


def test_several_inputs_go_to_the_network():
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = network()

        def forward(self, x, weight):
            return self.inner(x * weight)

    x, y = rows()
    ones = torch.ones(ROWS, 1)
    two, _ = trained(of=task(Two(), data=(x, ones, y), validation=False))
    one, _ = trained(of=task(validation=False))
    assert same(two.inner, one)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of torch's own
def test_it_compiles():
    plain, _ = trained()
    compiled, _ = trained(compile=True)
    for a, b in zip(plain.parameters(), compiled.parameters(), strict=True):
        assert torch.allclose(a, b, atol=1e-4)


def test_our_own_tap_sees_it_and_changes_nothing(tmp_path):
    plain, outcome = trained(network(dropout=0.2), limits=Limits(epochs=2), parts=2)
    with Recorder(tmp_path / "run") as recorder, watch(recorder=recorder):
        watched, _ = trained(network(dropout=0.2), limits=Limits(epochs=2), parts=2)
    assert same(plain, watched)
    run = open_run(tmp_path / "run")
    losses = run.signals["train/loss"]
    assert len(losses.values) == outcome.steps
    first = outcome.history[0].metrics["train/loss"]
    weights = [BATCH] * 6 + [ROWS - 6 * BATCH]
    assert np.average(losses.values[:7], weights=weights) == pytest.approx(first)
    assert list(run.signals["val/loss"].values) == pytest.approx(
        [epoch.metrics["val/loss"] for epoch in outcome.history]
    )
