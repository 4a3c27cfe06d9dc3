"""Areas under curves, and the scores of an evaluation, against scikit-learn's."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from wellfit.taps.torch.criteria import Call
from wellfit.taps.torch.scores import ClassScores, areas

SCORED = st.lists(
    st.tuples(st.integers(-3, 3), st.booleans()), min_size=2, max_size=60
).filter(lambda rows: 0 < sum(positive for _, positive in rows) < len(rows))


@given(SCORED)
def test_areas_are_those_of_the_slow_twin(rows):
    margins = np.array([margin for margin, _ in rows], float)
    positive = np.array([positive for _, positive in rows])
    found = areas(margins, positive)
    assert found["auc"] == pytest.approx(metrics.roc_auc_score(positive, margins))
    assert found["average_precision"] == pytest.approx(
        metrics.average_precision_score(positive, margins)
    )


def test_there_are_no_areas_of_one_class_or_of_nan():
    assert areas(np.array([1.0, 2.0]), np.array([True, True])) == {}
    assert areas(np.array([np.nan, 2.0]), np.array([True, False])) == {}


@pytest.mark.parametrize("classes", [2, 5])
def test_an_evaluation_in_batches_is_scored_as_a_whole(classes):
    torch.manual_seed(0)
    outputs, targets = torch.randn(90, classes), torch.randint(classes, (90,))
    scores = ClassScores(whole=True)
    for part, known in zip(outputs.split(20), targets.split(20), strict=True):
        loss = F.cross_entropy(part, known)
        scores.add(Call("cross_entropy", part, known, loss, len(part), {}))
    found, predicted = scores.result(), outputs.argmax(1)
    f1 = metrics.f1_score(targets, predicted, average="macro")
    precision = metrics.precision_score(targets, predicted, average="macro")
    assert found["f1"] == pytest.approx(f1)
    assert found["precision"] == pytest.approx(precision)
    table = metrics.confusion_matrix(targets, predicted)
    assert scores.confusion() == table.tolist()
    likely = outputs.softmax(1).numpy()
    ranked = likely[:, 1] if classes == 2 else likely
    auc = metrics.roc_auc_score(targets, ranked, multi_class="ovr")
    assert found["auc"] == pytest.approx(auc)
    bits = np.eye(classes)[targets.numpy()]
    precisions = metrics.average_precision_score(
        bits[:, 1:] if classes == 2 else bits, likely[:, 1:] if classes == 2 else likely
    )
    assert found["average_precision"] == pytest.approx(precisions)
