"""Seeds moved by a number: literal ones too; and nothing stays behind."""

import random
import subprocess
import sys

import numpy as np
import pytest
import torch
from sklearn.utils import check_random_state

from wellfit.record import open_run
from wellfit.taps.seeds import Seeds, moved

DRAWN = {
    "random.seed": lambda: (random.seed(5), random.random())[1],
    "random.Random": lambda: random.Random(5).random(),
    "a text": lambda: (random.seed("five"), random.random())[1],
    "np.random.seed": lambda: (np.random.seed(5), np.random.rand())[1],
    "np.random.default_rng": lambda: np.random.default_rng(5).random(),
    "by keyword": lambda: np.random.default_rng(seed=5).random(),
    "np.random.RandomState": lambda: np.random.RandomState(5).rand(),
    "RandomState.seed": lambda: _seeded(np.random.RandomState()).rand(),
    "scikit-learn": lambda: check_random_state(5).rand(),
    "torch.manual_seed": lambda: (torch.manual_seed(5), torch.rand(()).item())[1],
    "torch.Generator": lambda: _torch(torch.Generator()),
}


def _seeded(state):
    state.seed(5)
    return state


def _torch(generator):
    return torch.rand((), generator=generator.manual_seed(5)).item()


@pytest.fixture
def by():
    """Draw with all seeds moved by a number; every generator is put back."""
    kept = random.getstate(), np.random.get_state(), torch.get_rng_state()

    def draw(name, number):
        seeds = Seeds(number)
        seeds.attach()
        try:
            return DRAWN[name]()
        finally:
            seeds.restore()

    yield draw
    random.setstate(kept[0])
    np.random.set_state(kept[1])
    torch.set_rng_state(kept[2])


@pytest.mark.parametrize("name", DRAWN)
def test_a_literal_seed_varies_with_the_number_and_with_that_alone(by, name):
    bare = DRAWN[name]()
    assert by(name, 0) == bare
    assert by(name, 3) == by(name, 3)
    assert len({bare, by(name, 1), by(name, 2), by(name, 3)}) == 4
    assert DRAWN[name]() == bare  # nothing stays behind


def test_what_was_never_seeded_is_repeated_too(by, monkeypatch):
    monkeypatch.setitem(
        DRAWN,
        "unseeded",
        lambda: (random.random(), np.random.rand(), torch.rand(()).item()),
    )
    found = [by("unseeded", n) for n in (0, 0, 1, 1, 2)]
    assert found[0] == found[1]
    assert found[2] == found[3]
    assert len({*found}) == 3


def test_objects_of_the_original_classes_are_taken_for_theirs(by, monkeypatch):
    early = torch.Generator(), np.random.RandomState(1), np.random.mtrand._rand

    def look():
        late = torch.Generator(), np.random.RandomState(1), check_random_state(None)
        kinds = torch.Generator, np.random.RandomState, np.random.RandomState
        return [
            isinstance(x, kind)
            for some in (early, late)
            for x, kind in zip(some, kinds, strict=True)
        ]

    monkeypatch.setitem(DRAWN, "kinds", look)
    assert all(by("kinds", 4))
    shuffled = torch.utils.data.DataLoader(
        torch.arange(8), shuffle=True, generator=torch.Generator()
    )
    assert sorted(int(x) for x in shuffled) == list(range(8))


@pytest.mark.parametrize("seed", [None, 1.5, True, np.array([1, 2]), [1, 2]])
def test_what_is_no_number_is_left_alone(seed):
    assert moved(seed, 7) is seed


def test_numbers_are_moved_apart():
    found = {moved(seed, number) for seed in range(30) for number in range(1, 30)}
    assert len(found) == 30 * 29
    assert all(0 <= one < 2**32 for one in found)
    assert moved(np.int64(4), 2) == moved(4, 2)


SCRIPT = """
import random
import numpy as np
import torch
torch.manual_seed(0)
net = torch.nn.Linear(3, 1)
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
for _ in range(5):
    loss = net(torch.randn(8, 3)).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(loss.item().hex(), random.random(), np.random.rand(), hash("a"))
"""


def test_the_command_line(tmp_path):
    (tmp_path / "train.py").write_text(SCRIPT)

    def said(*words):
        command = [sys.executable, *words]
        ran = subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, check=True
        )
        return ran.stdout

    def run(number, out):
        wellfit = ("-m", "wellfit", "run", "--quiet", "--seed", number, "--out", out)
        return said(*wellfit, "train.py")

    own = said("train.py").split()
    first, again, other = run("0", "a"), run("2", "b"), run("2", "c")
    assert first.split()[0] == own[0]  # its own literal seed
    assert again == other
    assert all(x != y for x, y in zip(first.split(), again.split(), strict=True))
    assert open_run(tmp_path / "b").facts["seeds"]["torch"] == moved(0, 2)
