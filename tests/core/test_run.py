import pytest

from wellfit import Run


def test_histograms_are_given_by_their_counts():
    run = Run.of(histograms={"gradient@a": {3: [0] * 50 + [7]}, "val/b": [[1] * 51]})
    assert list(run.histograms) == ["train/gradient@a", "val/b"]
    found = run.histograms["train/gradient@a"]
    assert (found.steps.tolist(), found.counts[0, -1]) == ([3], 7)
    assert run.histograms["val/b"].steps.tolist() == [0]


def test_a_histogram_has_all_of_its_bins():
    with pytest.raises(ValueError, match="reshape"):
        Run.of(histograms={"a": {0: [1, 2, 3]}})
