"""Rows that are drawn by their classes, and loaded in processes."""

import random
from collections import Counter

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset, IterableDataset, Subset, TensorDataset

from tests.taps.test_changes import changed
from tests.taps.test_edits import change
from wellfit.core.finding import Finding, Severity
from wellfit.core.run import Run
from wellfit.remedies.plans import acts
from wellfit.taps.torch.edits.samplers import labels_of

F = nn.functional
FINDING = Finding(
    rule="class-imbalance", severity=Severity.WARNING, confidence=1.0, summary="1"
)
LABELS = torch.tensor([0] * 160 + [1] * 30 + [2] * 10)
DATA = TensorDataset(torch.arange(200.0)[:, None], LABELS)
OVER = change("oversample-minority", ratio=1.0)
UNDER = change("undersample-majority", ratio=2.0)


def epochs(loader, count=1):
    """The rows of some epochs, as they came."""
    return [torch.cat([x[:, 0] for x, _ in loader]).long() for _ in range(count)]


def shuffled(data=DATA, **options):
    return DataLoader(data, batch_size=8, shuffle=True, **options)


def told(kept):
    """Step once, and give the changes without effect."""
    torch.optim.SGD([nn.Parameter(torch.ones(1))], 0.1).step()
    return list(kept.facts["plan"]["without_effect"])


@pytest.mark.parametrize("ratio", [1.0, 0.5])
def test_rare_classes_are_drawn_as_a_weighted_sampler_of_pytorch_draws_them(ratio):
    counts = torch.bincount(LABELS).double()
    weights = (counts.clamp_min(ratio * 160) / counts)[LABELS]
    torch.manual_seed(0)
    torch.empty((), dtype=torch.int64).random_()  # the loader's own
    seed = int(torch.empty((), dtype=torch.int64).random_())
    generator = torch.Generator().manual_seed(seed)
    expected = torch.multinomial(weights, 200, True, generator=generator)
    with changed(change("oversample-minority", ratio=ratio)) as kept:
        torch.manual_seed(0)
        (found,) = epochs(shuffled())
        assert told(kept) == []
    assert torch.equal(found, expected)
    assert 200 * 2 / 3 > (LABELS[found] == 0).sum() > 0


def test_of_common_classes_fewer_rows_are_drawn_and_others_each_time():
    loader = shuffled()
    with changed(UNDER) as kept:
        first, second = epochs(loader, 2)
        assert told(kept) == []
    assert Counter(LABELS[first].tolist()) == {0: 20, 1: 20, 2: 10}
    assert len({*first.tolist()}) == 50
    assert {*first.tolist()} != {*second.tolist()}
    assert len(loader) == 7


@pytest.mark.parametrize("one", [OVER, UNDER], ids=str)
def test_the_numbers_of_a_script_go_on_as_ever(one):
    torch.manual_seed(3)
    epochs(shuffled(), 2)
    expected = torch.rand(4)
    with changed(one):
        torch.manual_seed(3)
        epochs(shuffled(), 2)
        assert torch.equal(torch.rand(4), expected)


class Own(Dataset):
    """A data set that draws, with its labels in the rows alone."""

    def __len__(self):
        return 40

    def __getitem__(self, row):
        noise = torch.rand(1) + random.random() + np.random.rand()
        return noise, int(row < 4)


class Named(Own):
    def __init__(self):
        self.targets = [int(row < 4) for row in range(40)]


class Stream(IterableDataset):
    def __iter__(self):
        return iter([(torch.ones(1), 0)] * 8)


@pytest.mark.parametrize("data", [Own(), Named()], ids=["rows", "targets"])
def test_labels_are_read_and_nothing_is_drawn_by_that(data):
    def drawn():
        return torch.rand(1).item(), random.random(), np.random.rand()

    for seed in (torch.manual_seed, random.seed, np.random.seed):
        seed(1)
    expected = drawn()
    for seed in (torch.manual_seed, random.seed, np.random.seed):
        seed(1)
    assert labels_of(data).tolist() == Named().targets
    assert drawn() == expected
    part = Subset(data, [0, 9, 1, 30])
    assert labels_of(part).tolist() == [1, 0, 1, 0]


@pytest.mark.parametrize(
    "data",
    [
        TensorDataset(torch.ones(9, 1), torch.arange(9)),
        TensorDataset(torch.ones(9, 1), torch.rand(9)),
        TensorDataset(torch.ones(9, 1)),
        TensorDataset(torch.ones(4, 1), torch.zeros(4, dtype=torch.long)),
        TensorDataset(torch.ones(4, 1), torch.ones(4, 3).long()),
        Stream(),
        ["a", "b"],
    ],
)
def test_where_no_classes_can_be_read_none_are(data):
    assert labels_of(data) is None


@pytest.mark.parametrize("one", [OVER, UNDER], ids=str)
def test_what_is_drawn_in_order_or_to_evaluate_stays(one):
    loader = shuffled()
    with changed(one) as kept:
        assert torch.equal(epochs(DataLoader(DATA, batch_size=8))[0], torch.arange(200))
        with torch.no_grad():
            assert torch.equal(epochs(loader)[0].sort().values, torch.arange(200))
        assert told(kept) == [one.id]


@pytest.mark.parametrize("shuffle", [True, False])
def test_rows_come_from_processes_as_they_would(shuffle):
    def trained():
        torch.manual_seed(0)
        net = nn.Sequential(nn.Linear(1, 4), nn.Dropout(), nn.Linear(4, 3))
        optimizer = torch.optim.SGD(net.parameters(), 0.01)
        loader = DataLoader(DATA, batch_size=50, shuffle=shuffle)
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(net(x / 200), y).backward()
            optimizer.step()
        return torch.cat([p.detach().flatten() for p in net.parameters()]), loader

    expected, alone = trained()
    with changed(change("more-loader-workers", workers=2)) as kept:
        found, loader = trained()
    assert torch.equal(found, expected)
    assert (alone.num_workers, loader.num_workers) == (0, 2)
    assert kept.facts["plan"]["without_effect"] == {}


def test_streams_and_evaluations_load_as_they_did():
    one = change("more-loader-workers", workers=2)
    loaders = [DataLoader(Stream(), batch_size=4), shuffled()]
    with changed(one) as kept:
        list(loaders[0])
        with torch.no_grad():
            list(loaders[1])
        assert told(kept) == [one.id]
    assert [loader.num_workers for loader in loaders] == [0, 0]


@pytest.mark.parametrize(
    ("name", "facts", "found"),
    [
        ("oversample-minority", {"objective": {"task": "binary"}}, [1.0, 0.33]),
        ("undersample-majority", {"objective": {"task": "binary"}}, [1.0, 3.0]),
        ("oversample-minority", {"objective": {"task": "regression"}}, []),
        ("undersample-majority", {"objective": {"task": "regression"}}, []),
        ("more-loader-workers", {"machine": {"cores": 4.0}}, [4]),
        ("more-loader-workers", {"machine": {"cores": 64.0}}, [8]),
        ("more-loader-workers", {"loaders": {"train": {"workers": 2}}}, []),
    ],
)
def test_what_is_proposed_fits_the_run(name, facts, found):
    proposed = acts()[name].proposals(Run.of(facts=facts), FINDING)
    assert [next(iter(one.change.params.values())) for one in proposed] == found
