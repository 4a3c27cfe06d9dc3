"""The trainings on which rules are judged, and their index, belong together."""

import ast
from collections import Counter

import pytest

from bench.trainings import TRAININGS, Training, trainings
from bench.trainings.measure import README, compare, last_number, table

FOLDER = README.parent
FAULTY = [t for t in TRAININGS if t.kind != "healthy"]


def named(training: Training) -> str:
    return training.name


def test_every_script_is_in_the_index_and_every_entry_has_a_script() -> None:
    scripts = set(FOLDER.glob("*/*.py"))
    assert {t.path for t in TRAININGS} == scripts


def test_there_are_enough_of_each_kind() -> None:
    kinds = Counter(t.kind for t in TRAININGS)
    assert kinds.pop("healthy") >= 28
    assert min(kinds.values()) >= 2
    assert len(kinds) >= 15
    assert len(trainings("dead-units")) == kinds["dead-units"]


@pytest.mark.parametrize("training", TRAININGS, ids=named)
def test_a_training_knows_nothing_of_wellfit(training: Training) -> None:
    assert "import wellfit" not in training.path.read_text(encoding="utf-8")
    assert "from wellfit" not in training.path.read_text(encoding="utf-8")


@pytest.mark.parametrize("training", FAULTY, ids=named)
def test_a_fault_is_stated_with_its_price_and_has_a_cure(training: Training) -> None:
    source = training.path.read_text(encoding="utf-8")
    price = f"{training.figure:g}; {training.reference:g} without the fault."
    assert "Fault: " in source
    assert price in source
    assert training.weak == ("weak form" in source)
    assert ast.dump(ast.parse(training.twin())) != ast.dump(ast.parse(source))


@pytest.mark.parametrize("training", FAULTY, ids=named)
def test_a_fault_costs_something(training: Training) -> None:
    lost = training.reference - training.figure
    assert lost > 0 if training.greater_is_better else lost < 0


@pytest.mark.parametrize("training", trainings("healthy"), ids=named)
def test_a_healthy_training_gets_most_of_what_can_be_had(training: Training) -> None:
    assert training.trivial is not None
    gained = training.figure - training.trivial
    assert gained / (training.reference - training.trivial) > 0.9


def test_the_table_is_the_index() -> None:
    assert table() in README.read_text(encoding="utf-8")


def test_a_figure_is_the_last_number_said() -> None:
    assert last_number("epoch 3: loss=0.5\nR2 -0.25 after all\n") == -0.25
    with pytest.raises(ValueError, match="expected output that ends with a figure"):
        last_number("nothing\n")


def test_a_cure_that_no_longer_fits_says_so() -> None:
    stale = Training(
        name="digits_mlp",
        kind="healthy",
        task="classification",
        style="",
        metric="accuracy",
        figure=1.0,
        reference=1.0,
        cure=(("no such line", ""),),
    )
    with pytest.raises(ValueError, match="bring the index up to date"):
        stale.twin()


@pytest.mark.slow
@pytest.mark.parametrize("training", TRAININGS, ids=named)
def test_the_figures_are_as_stated(training: Training) -> None:
    assert compare(training)
