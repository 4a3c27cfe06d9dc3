"""The cases of the benchmark: complete, split cleanly, and right by what was stated."""

import warnings
from dataclasses import fields, replace

import numpy as np
import pytest

from bench.faults.bases import ALL, BASES
from bench.faults.cases import Case, faulty, healthy
from bench.faults.data import Data
from bench.faults.faults import FAULTS, OPERATORS, Fault
from bench.faults.judge import RIGHT
from bench.faults.setting import Setting
from bench.faults.spoil import SPOILERS, spoilt

# The rules that one run can be judged by: the public names, those to come included.
NAMES = """
    overfitting underfitting undertrained vanishing-gradients exploding-gradients
    dead-units saturated-units frozen-parameters poor-initialization non-finite-values
    learning-rate-too-high learning-rate-too-low loss-plateau unstable-loss divergence
    stale-gradients unshuffled-batches over-regularized output-loss-mismatch
    constant-predictions metric-hides-minority mode-mixup wrong-gradient class-imbalance
    label-noise duplicate-rows train-validation-leakage target-leakage missing-values
    outliers unscaled-inputs uninformative-features inconsistent-values
    train-validation-shift too-little-data
"""
RULES = frozenset(NAMES.split())
HEALTHY, FAULTY = healthy(), faulty()
# What is wrong with how inputs are prepared is wrong with the test rows as well.
PREPARED = {"raw", "offset", "coded", "nan", "units", "useless", "constant-column"}


def test_there_are_enough_of_each() -> None:
    assert len(ALL) >= 14
    assert len(FAULTS) >= 40
    assert len(HEALTHY) >= 1_000
    assert {b.traits.family for b in ALL} == {
        "dense",
        "convolutional",
        "recurrent",
        "attention",
        "trees",
    }
    assert {case.fault for case in FAULTY} == set(FAULTS)


def test_it_is_stated_for_each_fault_which_rules_are_right() -> None:
    assert list(RIGHT) == list(FAULTS)
    assert all(rules and set(rules) <= RULES for rules in RIGHT.values())


def test_every_mutation_operator_of_deepcrime_is_covered() -> None:
    assert len(OPERATORS) == 24
    assert {fault for faults in OPERATORS.values() for fault in faults} <= set(FAULTS)


def test_no_family_and_no_setting_is_on_both_sides() -> None:
    families: dict[tuple[str, str], set[str]] = {}
    settings: dict[tuple[str, int], set[str]] = {}
    for case in (*HEALTHY, *FAULTY):
        base = case.setting.base
        settings.setdefault((base, case.number), set()).add(case.side)
        if case.fault:
            families.setdefault((base, case.fault), set()).add(case.side)
    assert all(len(sides) == 1 for sides in (*families.values(), *settings.values()))
    untouched = sum(case.side == "untouched" for case in (*HEALTHY, *FAULTY))
    assert 0.4 < untouched / (len(HEALTHY) + len(FAULTY)) < 0.6


def test_a_twin_is_a_healthy_case_of_the_same_seed() -> None:
    known = {case.setting for case in HEALTHY}
    for case in FAULTY:
        assert case.twin in known
        assert case.twin.seed == case.setting.seed
        assert case.twin != case.setting


@pytest.mark.parametrize("fault", FAULTS.values(), ids=lambda fault: fault.name)
def test_a_fault_changes_little_but_what_it_is_about(fault: Fault) -> None:
    case = next(c for c in FAULTY if c.fault == fault.name)
    assert case.twin is not None
    changed = {
        f.name
        for f in fields(Setting)
        if getattr(case.twin, f.name) != getattr(case.setting, f.name)
    }
    assert changed
    assert not changed & {"base", "seed", "style", "functional", "noise", "data_seed"}


def test_settings_differ_in_their_keys_by_anything_at_all() -> None:
    plain = BASES["blobs-dense"].usual
    others = [
        replace(plain, seed=1),
        replace(plain, rate=0.1),
        replace(plain, trap="log"),
    ]
    keys = {s.key("code") for s in (plain, *others)}
    assert len(keys) == 4
    assert plain.key("code") == plain.key("code")
    assert plain.key("other code") not in keys


def table() -> Data:
    draw = np.random.default_rng(0)
    x = draw.normal(size=(600, 5)).astype(np.float32)
    y = (x[:, 0] > 0).astype(np.int64) + (x[:, 1] > 1)
    return Data(
        x=x[:300],
        y=y[:300],
        x_val=x[300:400],
        y_val=y[300:400],
        x_test=x[400:],
        y_test=y[400:],
    )


@pytest.mark.parametrize("what", SPOILERS)
def test_a_spoiler_spoils_what_is_trained_on_and_leaves_the_judge_alone(
    what: str,
) -> None:
    amount = 4.0 if what == "repeated" else 0.4
    before, after = table(), spoilt(table(), what, amount)
    if what == "wild-targets":
        before = replace(before, y=before.y.astype(np.float32))
    same = all(
        np.array_equal(getattr(before, part), getattr(after, part), equal_nan=False)
        for part in ("x", "y", "x_val", "y_val")
    )
    assert not same
    assert np.array_equal(before.y_test, after.y_test)
    if what in PREPARED:
        assert not np.array_equal(before.x_test, after.x_test)
    elif what != "leaked-feature":
        assert np.array_equal(before.x_test, after.x_test)
    assert len(after.x) == len(after.y)
    assert len(after.x_val) == len(after.y_val)
    again = spoilt(table(), what, amount)
    assert np.array_equal(after.x, again.x, equal_nan=True)


def test_as_many_labels_are_flipped_as_was_asked() -> None:
    after = spoilt(table(), "flipped", 0.2)
    assert 0.12 < np.mean(after.y != table().y) < 0.28


def test_a_class_becomes_as_rare_as_was_asked() -> None:
    after = spoilt(table(), "minority", 0.1)
    rare, others = np.mean(after.y == 0), np.mean(after.y != 0) / 2
    assert 0.05 < rare / others < 0.15
    assert np.mean(after.y_val == 0) < 0.15


def small(name: str) -> Setting:
    base = BASES[name]
    epochs = 1 if base.net else 5
    rate = base.rates[base.usual.optimizer]
    return replace(base.usual, rows=120, epochs=epochs, rate=rate)


@pytest.mark.parametrize("name", [b.name for b in ALL if not b.shared])
def test_a_base_trains_and_is_scored(name: str) -> None:
    base, setting = BASES[name], small(name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a user's training may warn
        outcome, data = base.train(setting)
        score = base.score(outcome.predict(data.x_test), data.y_test)
    assert np.isfinite(score)
    assert outcome.val_outputs is not None
    assert len(outcome.val_outputs) == len(data.x_val)
    if base.net:
        assert len(outcome.val_losses) == setting.epochs


def test_what_is_not_a_number_scores_as_saying_nothing() -> None:
    base = BASES["blobs-dense"]
    y = np.arange(10) % 5
    assert base.score(np.full((10, 5), np.nan), y) == base.trivial(y) == 0.2
    assert base.score(np.eye(5)[y], y) == 1.0


def test_a_case_is_named_by_what_it_is() -> None:
    setting = Setting(base="blobs-dense", seed=1)
    case = Case(
        setting=setting, number=3, side="tuning", fault="rate-high", strength=10
    )
    assert case.name == "blobs-dense 3 seed 1: rate-high 10"
