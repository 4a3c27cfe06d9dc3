"""Checkpoints: whole or not there, kept and refused as they should be."""

import json
import math
import multiprocessing
import resource
import shutil
import signal
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.trainer import killed
from wellfit.core.errors import BadRun, BadSetting
from wellfit.schedules.decay import Cosine
from wellfit.schedules.schedule import Constant
from wellfit.trainer.checkpoint import STATE, TENSORS, checkpoints_in, read, write
from wellfit.trainer.engine import fit
from wellfit.trainer.feed import MemoryFeed
from wellfit.trainer.keeper import Checkpoints, Keep, keeping
from wellfit.trainer.live import Live
from wellfit.trainer.packing import pack, unpack
from wellfit.trainer.randomness import seed_all
from wellfit.trainer.settings import Limits, Settings, Stopping, Task

HOW = Settings(limits=Limits(epochs=3), stopping=Stopping())


def task(**feed):
    seed_all(0)
    x, y = killed.rows(images=False)
    feed = {"tensors": (x, y), "batch_size": killed.BATCH} | feed
    return Task(
        network=killed.network(images=False),
        criterion=torch.nn.CrossEntropyLoss(),
        feed=MemoryFeed(**feed),
        validation=MemoryFeed(tensors=(x, y), batch_size=200, shuffle=False),
    )


def trained(folder, how=HOW, *, of=None, said=None, **checkpoints):
    checkpoints = {"every_seconds": None, "share": math.inf} | checkpoints
    of = of or task()
    outcome = fit(
        of,
        how,
        checkpoints=Checkpoints(folder=folder, **checkpoints),
        say=(lambda _: None) if said is None else said.append,
    )
    return of.network.state_dict(), outcome


def equal(one, other):
    return all(torch.equal(one[name], other[name]) for name in one)


def names(folder):
    return [path.name for path in checkpoints_in(folder)]


# -- going on -----------------------------------------------------------------------


@pytest.mark.parametrize("limits", [{"epochs": 2}, {"steps": 10}, {"steps": 7}])
def test_a_limit_that_is_raised_goes_on_to_the_bit(tmp_path, limits):
    expected, whole = trained(tmp_path / "whole")
    _, first = trained(tmp_path / "cut", replace(HOW, limits=Limits(**limits)))
    assert first.steps < whole.steps
    found, second = trained(tmp_path / "cut", resume="last")
    assert second == whole
    assert equal(found, expected)


def test_what_is_done_is_not_done_again(tmp_path):
    expected, whole = trained(tmp_path)
    found, again = trained(tmp_path, resume="last")
    assert again == whole
    assert equal(found, expected)


def test_the_best_can_be_gone_on_from(tmp_path):
    trained(tmp_path, keep=Keep(latest=9), every_steps=2)
    said = read(checkpoints_in(tmp_path)[0])[0]
    best = said["state"]["dict"]["place"]["dict"]["best_epoch"]
    _, outcome = trained(
        tmp_path, replace(HOW, limits=Limits(epochs=best)), resume="best"
    )
    assert outcome.best_epoch == best == len(outcome.history)


def test_checkpoints_change_nothing(tmp_path):
    plain = task()
    expected = fit(plain, HOW)
    found, outcome = trained(tmp_path, every_steps=1)
    assert outcome == expected
    assert equal(found, plain.network.state_dict())


# -- what is kept -------------------------------------------------------------------


def test_the_best_and_the_latest_stay(tmp_path):
    x, y = killed.rows(images=False)
    wrong = MemoryFeed(tensors=(x, y.roll(1)), batch_size=200, shuffle=False)
    for epochs in range(1, 9):
        _, outcome = trained(
            tmp_path,
            replace(HOW, limits=Limits(epochs=epochs)),
            of=replace(task(), validation=wrong),
            keep=Keep.of("best,last,2"),
            resume="last" if epochs > 1 else None,
        )
    assert outcome.best_epoch < 7
    assert [
        killed.step_of(path) // killed.STEPS for path in checkpoints_in(tmp_path)
    ] == [
        8,
        7,
        outcome.best_epoch,
    ]


@pytest.mark.parametrize(
    ("text", "keep"),
    [
        ("best,last,3", Keep(latest=3, best=True)),
        ("last", Keep(latest=1, best=False)),
        ("best", Keep(latest=1, best=True)),
        ("5", Keep(latest=5, best=False)),
    ],
)
def test_what_to_keep_is_said_in_words(text, keep):
    assert Keep.of(text) == keep


def test_nobody_knows_other_words():
    with pytest.raises(BadSetting, match="got 'all'"):
        Keep.of("all")


def test_checkpoints_take_no_more_than_their_share(tmp_path):
    said = {"every_steps": 1, "keep": Keep(latest=999)}
    how = replace(HOW, limits=Limits(epochs=9))
    trained(tmp_path / "few", how, share=1e-9, **said)
    assert len(checkpoints_in(tmp_path / "few")) == 2  # the first, and that at the end
    trained(tmp_path / "many", how, **said)
    assert len(checkpoints_in(tmp_path / "many")) > 2


# -- damage -------------------------------------------------------------------------


def cut(path):
    path.write_bytes(path.read_bytes()[:-100])


def flip(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("damage", [cut, flip, lambda path: path.unlink()])
@pytest.mark.parametrize("part", [TENSORS, STATE])
def test_a_damaged_one_is_noticed_and_the_one_before_taken(tmp_path, damage, part):
    expected, whole = trained(tmp_path, every_steps=3)
    newest, before = names(tmp_path)[:2]
    damage(tmp_path / newest / part)
    said = []
    found, outcome = trained(tmp_path, resume="last", said=said)
    assert outcome == whole
    assert equal(found, expected)
    assert len(said) == 1
    assert said[0].startswith(f"checkpoint {newest} is damaged (")
    assert said[0].endswith(f"): went back to {before}")


def test_where_all_are_damaged_it_is_said(tmp_path):
    trained(tmp_path)
    for path in checkpoints_in(tmp_path):
        cut(path / TENSORS)
    with pytest.raises(BadRun, match=r"is damaged .* and none to go on from"):
        trained(tmp_path, resume="last")


def test_where_there_is_none_it_is_said(tmp_path):
    with pytest.raises(BadRun, match="no last checkpoint, and none to go on from"):
        trained(tmp_path, resume="last")


def test_half_written_ones_are_cleared_away(tmp_path):
    trained(tmp_path)
    half = tmp_path / ".aside-step-000000099-epoch-00009"
    shutil.copytree(checkpoints_in(tmp_path)[0], half)
    trained(tmp_path, resume="last")
    assert not half.exists()


def test_a_newer_wellfit_s_is_refused(tmp_path):
    write(tmp_path / "step-1-epoch-1", {"schema": 99, "wellfit": "9.0"}, {})
    with pytest.raises(BadRun, match=r"written by wellfit 9\.0, newer than this one"):
        read(tmp_path / "step-1-epoch-1")


def test_nothing_is_pickled(tmp_path):
    trained(tmp_path)
    for path in checkpoints_in(tmp_path):
        assert {part.name for part in path.iterdir()} == {TENSORS, STATE}
        json.loads((path / STATE).read_text())


# -- another training ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"how": replace(HOW, schedule=Cosine(steps=9))},
            "settings.schedule.name was constant and is cosine",
        ),
        (
            {"how": replace(HOW, clip_norm=1.0)},
            "settings.clip_norm was None and is 1.0",
        ),
        ({"of": {"seed": 1}}, "data.seed was 0 and is 1"),
        ({"of": {"batch_size": 8}}, "data.batch_size was 32 and is 8"),
        ({"of": {"tensors": killed.rows(images=False)[::-1]}}, "data.shapes"),
    ],
)
def test_another_training_s_is_refused(tmp_path, change, said):
    trained(tmp_path)
    how, of = change.get("how", HOW), task()
    of = replace(of, feed=task(**change["of"]).feed) if "of" in change else of
    with pytest.raises(BadRun, match=r"is of another training: .*; take what") as error:
        trained(tmp_path, how, of=of, resume="last")
    assert said in str(error.value)


def test_another_network_s_is_refused(tmp_path):
    trained(tmp_path)
    other = replace(task(), network=torch.nn.Linear(killed.FEATURES, killed.CLASSES))
    with pytest.raises(BadRun, match="network"):
        trained(tmp_path, of=other, resume="last")


def test_without_resuming_none_are_mixed(tmp_path):
    trained(tmp_path)
    with pytest.raises(BadRun, match="holds checkpoints of a training already"):
        trained(tmp_path)


def hold(folder, ready, done):
    live = Live.begin(task(), HOW)
    with keeping(Checkpoints(folder=folder), live, print):
        ready.set()
        done.wait(60)


def test_two_trainings_cannot_write_into_one_folder(tmp_path):
    context = multiprocessing.get_context("spawn")
    ready, done = context.Event(), context.Event()
    other = context.Process(target=hold, args=(tmp_path, ready, done))
    other.start()
    assert ready.wait(60)
    try:
        with pytest.raises(BadRun, match="another training writes its checkpoints"):
            trained(tmp_path)
    finally:
        done.set()
        other.join()
    trained(tmp_path)


# -- a full disk ----------------------------------------------------------------------


def test_a_full_disk_loses_nothing(tmp_path):
    """A file that may not grow fails as a full disk does, in whatever writes it."""
    expected, whole = trained(tmp_path / "whole")
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    trained(tmp_path / "full", replace(HOW, limits=Limits(epochs=1)))
    kept, said = names(tmp_path / "full"), []
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
        found, outcome = trained(tmp_path / "full", resume="last", said=said)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
    assert outcome == whole
    assert equal(found, expected)
    assert names(tmp_path / "full") == kept
    assert not list((tmp_path / "full").glob(".aside*"))
    assert "could not be written" in said[0]
    assert trained(tmp_path / "full", resume="last")[1] == whole


# -- packing --------------------------------------------------------------------------

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner)
        | st.lists(inner).map(tuple)
        | st.dictionaries(st.text() | st.integers(), inner)
    ),
    max_leaves=20,
)


@given(PLAIN)
def test_plain_data_survive(value):
    assert unpack(json.loads(json.dumps(pack(value, {}))), {}) == value


def test_tensors_are_copied():
    tensor, tensors = torch.ones(3), {}
    said = pack({"a": [tensor], 3: tensor.bfloat16()}, tensors)
    tensor.zero_()
    found = unpack(json.loads(json.dumps(said)), tensors)
    assert torch.equal(found["a"][0], torch.ones(3))
    assert found[3].dtype == torch.bfloat16


def test_what_json_cannot_hold_is_said():
    with pytest.raises(BadSetting, match="schedule/0 is a Constant"):
        pack({"schedule": [Constant()]}, {})
