"""What is said of the data of a training, from the rows that it was fed with."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import datasets

from wellfit.core.finding import Finding, Severity
from wellfit.core.run import Run
from wellfit.data.again import Again, halves
from wellfit.data.columns import Kind
from wellfit.data.fed import Fed, facts_of
from wellfit.data.overlap import overlap
from wellfit.data.spellings import inconsistencies
from wellfit.rules import all_rules
from wellfit.rules.label_noise import LabelNoise
from wellfit.rules.uninformative_features import UninformativeFeatures

KINDS = dict.fromkeys(map(str, range(16)), Kind.NUMBER)


def frame_of(rows):
    return pd.DataFrame(rows, columns=list(KINDS))


def batches(table, size, rng):
    """The table once, in shuffled batches."""
    order = rng.permutation(len(table))
    return [table[order[k : k + size]] for k in range(0, len(table), size)]


def seen(table, *, size=32, epochs=5, seed=0) -> Again:
    rng, again = np.random.default_rng(seed), Again()
    for _ in range(epochs):
        for batch in batches(table, size, rng):
            again.add(batch)
    return again


@pytest.mark.parametrize(
    ("share", "least", "most"), [(0.5, 0.4, 0.6), (0.1, 0.05, 0.2)]
)
def test_copies_are_counted_within_batches(share, least, most):
    rng = np.random.default_rng(0)
    own = rng.normal(size=(round(1000 * (1 - share)), 6)).astype(np.float32)
    copied = own[rng.permutation(len(own))[: 1000 - len(own)]]
    table = np.concatenate([own, copied])
    said = seen(table, epochs=20).fact(len(table))
    assert least * 1000 <= said["copies"] <= most * 1000


@given(st.integers(2, 8), st.integers(2, 6), st.integers(0, 100))
@settings(deadline=None, max_examples=30)
def test_rows_that_differ_are_no_copies(levels, columns, seed):
    """Nor are those that few values make equal by chance."""
    rng = np.random.default_rng(seed)
    few = rng.integers(0, levels, (600, columns)).astype(np.float32)
    for table in (few, np.column_stack([few, np.arange(600)]).astype(np.float32)):
        said = seen(table, epochs=3, seed=seed).fact(600)
        assert said.get("copies", 0) == 0


def test_equal_rows_have_equal_hashes_whatever_zero_they_hold():
    rows = np.array([[0.0, 1.0, 2.0], [-0.0, 1.0, 2.0], [1.0, 0.0, 2.0]], np.float32)
    one, other = halves(rows)
    assert one[0] == one[1]
    assert other[0] == other[1]
    assert (one[0], other[0]) != (one[2], other[2])


def test_one_column_tells_nothing_of_copies():
    assert seen(np.ones((50, 1), np.float32)).fact(50) == {}


def digits(count=1200):
    x, y = datasets.load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(x))
    x, y = x[order].astype(float), y[order].astype(float)
    return x[:count], y[:count], x[count:]


def warned(fed: Fed) -> list[str]:
    run = Run.of(facts=facts_of(fed))
    said = [rule.check(run) for rule in all_rules() if rule.needs == ("facts:data",)]
    found = [f for f in said if isinstance(f, Finding)]
    return [f.rule for f in found if f.severity is not Severity.NOTE]


def test_good_data_are_good():
    x, y, held = digits()
    assert warned(Fed(rows=x, targets=y, task="classification", held=held)) == []


def test_wrong_labels_are_seen():
    x, y, held = digits()
    rng = np.random.default_rng(1)
    y = np.where(rng.random(len(y)) < 0.15, rng.integers(0, 10, len(y)), y)
    fed = Fed(rows=x, targets=y, task="classification", held=held)
    assert warned(fed) == ["label-noise"]


def test_rows_on_both_sides_are_seen():
    x, y, held = digits()
    held = np.concatenate([held[:300], x[:60]])
    fed = Fed(rows=x, targets=y, task="classification", held=held)
    assert warned(fed) == ["train-validation-leakage"]


def test_a_shift_is_seen_but_not_where_training_is_augmented():
    x, y, held = digits()
    fed = {"rows": x, "targets": y, "task": "classification", "held": 16 - held}
    assert "train-validation-shift" in warned(Fed(**fed))
    assert "train-validation-shift" not in warned(Fed(**fed, fresh=True))


@pytest.mark.parametrize("task", ["classification", "binary", "regression", None])
def test_few_and_odd_rows_are_said_as_far_as_they_go(task):
    rows = np.array([[np.nan, np.inf], [1.0, np.nan], [0.0, 2.0]])
    for targets in (np.zeros(3), np.full(3, np.nan), np.array([0.0, 1.0, 5.5])):
        found = facts_of(Fed(rows=rows, targets=targets, task=task, held=rows[:1]))
        assert found["inputs"]["features"] == 2
        assert "reference" not in found


@pytest.mark.parametrize(("augmented", "fresh"), [(0.0, False), (0.1, True)])
def test_augmented_rows_do_not_come_again(augmented, fresh):
    rng, again = np.random.default_rng(0), Again()
    table = rng.normal(size=(400, 5)).astype(np.float32)
    for _ in range(3):
        for batch in batches(table, 40, rng)[::2]:
            more = augmented * rng.normal(size=batch.shape).astype(np.float32)
            again.add(batch + more)
        again.epoch()
    assert again.fresh(400) is fresh
    assert again.fresh(None) is fresh


def test_one_epoch_does_not_tell_whether_rows_are_augmented():
    assert seen(np.eye(64, dtype=np.float32), epochs=1).fresh(64)


def test_random_targets_are_told_from_what_can_be_learnt():
    """Of noise, and of a training that learns it by heart."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(900, 30)), rng.integers(0, 3, 900).astype(float)
    fed = Fed(rows=x, targets=y, task="classification")
    facts = {**facts_of(fed), "objective": {"trivial": {"accuracy": 0.35}}}
    learnt = {"train/accuracy": {99: 0.9}, "val/accuracy": {99: 0.34}}
    said = UninformativeFeatures().judge(Run.of(learnt, facts=facts))
    assert isinstance(said, Finding)
    assert "the inputs tell nothing of the target" in said.summary
    assert LabelNoise().judge(Run.of(facts=facts)).severity is Severity.NOTE


@pytest.mark.parametrize("useless", [0, 100])
def test_columns_of_noise_are_counted(useless):
    x, y = datasets.make_friedman1(600, 5, random_state=0)
    x = np.column_stack(
        [x, x, x, x, np.random.default_rng(0).normal(size=(600, useless))]
    )
    facts = facts_of(Fed(rows=x, targets=y, task="regression"))
    silent = facts["data"]["uninformative"]["silent"]
    assert abs(silent - useless / (20 + useless)) < 0.2
    learnt = {"train/r2": {99: 0.99}, "val/r2": {99: 0.5}}
    said = UninformativeFeatures().judge(Run.of(learnt, facts=facts))
    told = isinstance(said, Finding) and "nothing to do with the target" in said.summary
    assert told == bool(useless)


def heaps(share, rng):
    x = rng.normal(size=800)
    return np.where(rng.random(800) < share, 1000 * x, x)


@pytest.mark.parametrize("share", [0.03, 0.4])
def test_two_units_are_seen_in_numbers_of_both_signs(share):
    x = heaps(share, np.random.default_rng(0))
    frame = pd.DataFrame({"x": x})
    (found,) = inconsistencies(frame, {"x": Kind.NUMBER})
    assert (found["what"], found["factor"]) == ("scale", 1000.0)
    assert found["share"] == pytest.approx(share, abs=0.03)


@given(
    st.sampled_from(["normal", "t2", "cauchy", "cubes", "two normals", "products"]),
    st.integers(0, 10_000),
)
@settings(deadline=None, max_examples=60)
def test_long_tails_are_one_unit(kind, seed):
    rng = np.random.default_rng(seed)
    x = {
        "normal": lambda: rng.normal(size=500),
        "t2": lambda: rng.standard_t(2, 500),
        "cauchy": lambda: rng.standard_cauchy(500),
        "cubes": lambda: rng.normal(size=500) ** 3,
        "two normals": lambda: rng.normal(size=500) + 6 * (rng.random(500) < 0.5),
        "products": lambda: rng.normal(size=(500, 3)).prod(axis=1),
    }[kind]()
    assert inconsistencies(pd.DataFrame({"x": x}), {"x": Kind.NUMBER}) == []


def test_rows_with_two_labels_contradict_each_other():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(400, 4))
    y = (x[:, 0] > 0).astype(float)
    x, y = np.concatenate([x, x[:40]]), np.concatenate([y, 1 - y[:40]])
    fed = Fed(rows=x, targets=y, task="binary", once=True)
    said = LabelNoise().judge(Run.of(facts=facts_of(fed)))
    assert isinstance(said, Finding)
    assert "40 of 400 rows come more than once, with different labels" in said.summary


def test_rows_of_few_values_may_have_two_labels():
    rng = np.random.default_rng(0)
    x = rng.integers(0, 3, (400, 3)).astype(float)
    y = (x[:, 0] + rng.normal(size=400) > 1).astype(float)
    facts = facts_of(Fed(rows=x, targets=y, task="binary", once=True))
    assert not facts["data"]["labels"].get("conflicting")


@pytest.mark.parametrize("leaked", [0, 150])
def test_rows_that_recur_by_nature_did_not_leak(leaked):
    """Training rows meet each other as often as validation meets them."""
    rng = np.random.default_rng(0)
    texts = rng.integers(0, 5, (900, 16)).astype(float)
    plain = rng.random(900) < 0.3  # these are mostly of one word
    texts[plain] = np.where(rng.random((plain.sum(), 16)) < 0.85, 4.0, texts[plain])
    train, held = texts[:600], texts[600:]
    held = np.concatenate([held, train[~plain[:600]][:leaked]])
    again = Again()
    for batch in batches(train.astype(np.float32), 32, rng):
        again.add(batch)
    rows = np.unique(train, axis=0)
    fed = Fed(
        rows=rows,
        targets=np.zeros(len(rows)),
        task="binary",
        held=held,
        natural=again.twins(len(rows), epochs=True),
    )
    assert overlap(frame_of(rows), frame_of(held), KINDS)["shared"] > 10
    assert bool(facts_of(fed)["data"]["overlap"]["shared"]) == bool(leaked)
