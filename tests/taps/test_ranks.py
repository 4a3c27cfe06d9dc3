"""Every rank of a distributed training is watched, whoever starts it."""

import os
import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from wellfit.core.errors import BadRun
from wellfit.core.run import Run
from wellfit.record import open_run
from wellfit.taps import ranks
from wellfit.taps.launchers import Launchers, Rank

STEPS = 12
TRAINING = """
import os, sys, time
import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, TensorDataset

SLOW, APART, FAILS, KILLED = (int(word) for word in sys.argv[1:5])


def main(rank, size=2):
    torch.set_num_threads(1)
    torch.manual_seed(0)
    x = torch.randn(192, 4)
    net = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
    model = DistributedDataParallel(net)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    loader = DataLoader(TensorDataset(x[rank::size]), 8)
    for step, (rows,) in enumerate(loader):
        if rank == SLOW:
            time.sleep(0.05)
        loss = nn.functional.mse_loss(model(rows), rows.sum(1, keepdim=True))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if rank == APART and step == 3:
            with torch.no_grad():
                net[0].weight.mul_(2)
        if rank == FAILS and step == 5:
            raise ValueError("of the user's own")
        if rank == KILLED and step == 5:
            time.sleep(1.5)  # until the record is written
            os.kill(os.getpid(), 9)
        if rank == 0:
            print("loss", loss.item())


def launched():
    dist.init_process_group("gloo")
    main(dist.get_rank())
    dist.destroy_process_group()


def spawned(rank, meet):
    dist.init_process_group("gloo", init_method=meet, rank=rank, world_size=2)
    main(rank)
    dist.destroy_process_group()


if __name__ == "__main__":
    if "RANK" in os.environ:
        launched()
    else:
        meet = "file://" + os.path.abspath("meet")
        torch.multiprocessing.spawn(spawned, args=(meet,), nprocs=2)
        print("all done")
"""
TORCHRUN = ("torch.distributed.run", "--standalone", "--nproc-per-node", "2")
AS_IT_IS = ("-1", "-1", "-1", "-1")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "train.py").write_text(TRAINING)
    return tmp_path


def _python(folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        timeout=240,
    )


def _watched(folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    run = ("-m", "wellfit", "run", "--every", "1", "--out", "run")
    return _python(folder, *run, *words)


def _both(folder: Path) -> list[Run]:
    run = open_run(folder)
    return [run, run.ranks[1]]


def _seen_by_both(folder: Path, steps: int = STEPS) -> list[Run]:
    runs = _both(folder)
    for rank, run in enumerate(runs):
        told = run.facts["ranks"]
        assert (told["rank"], told["count"], told["backend"]) == (rank, 2, "gloo")
        assert run.facts["command"]["script"].endswith("train.py")
        losses = run.signal("train/loss")
        assert losses.steps.tolist() == list(range(steps))
        assert run.signal("train/compute_time").steps.tolist() == list(range(steps))
    one, other = (run.signal("loss").values.tolist() for run in runs)
    assert one != other  # of rows of its own each
    return runs


@pytest.mark.slow
def test_a_straggler_and_weights_that_disagree_are_seen(folder: Path) -> None:
    ran = _watched(folder, "-m", *TORCHRUN, "train.py", "1", "1", "-1", "-1")
    assert ran.returncode == 0, ran.stderr
    first, second = _seen_by_both(folder / "run")
    assert ran.stdout.split()[1::2] == [str(v) for v in first.signal("loss").values]
    assert ran.stderr.count(f"· {STEPS} steps ·") == 1  # one speaks for both
    times = [r.signal("compute_time").values[1:] for r in (first, second)]
    assert times[1].min() > 0.05
    assert np.median(times[0]) < 0.6 * np.median(times[1])  # it waits; not computes
    norms = [r.signal("weight_norm").values for r in (first, second)]
    np.testing.assert_allclose(norms[0][:4], norms[1][:4], rtol=1e-6)
    assert (norms[1][4:] > 1.2 * norms[0][4:]).all()
    assert np.median(first.signal("straggle@rank1").values[1:]) > 1.2
    assert (first.signal("rank_spread").values > 0.1).tolist() == [False] * 4 + [
        True
    ] * (STEPS - 4)


def test_spawned_processes_are_ranks(folder: Path) -> None:
    ran = _watched(folder, "train.py", *AS_IT_IS)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.endswith("all done\n")
    _seen_by_both(folder / "run")


@pytest.mark.parametrize("fault", [pytest.param(2, marks=pytest.mark.slow), 3])
def test_a_rank_that_fails_or_is_killed_leaves_the_others_record(
    fault: int, folder: Path
) -> None:
    words = list(AS_IT_IS)
    words[fault] = "1"
    ran = _watched(folder, "-m", *TORCHRUN, "train.py", *words)
    assert ran.returncode == 1
    assert "train.py FAILED" in ran.stderr  # as torchrun names it, not us
    for run in _both(folder / "run"):
        assert run.signal("compute_time").steps.tolist()[:5] == list(range(5))
    if fault == 2:
        assert "of the user's own" in ran.stderr
        assert "wellfit/taps" not in ran.stderr.replace("\\", "/")


@pytest.mark.slow
def test_output_and_status_are_those_of_torchrun_itself(folder: Path) -> None:
    words = ("-m", *TORCHRUN, "train.py", *AS_IT_IS)
    bare, ran = _python(folder, *words), _watched(folder, *words)
    assert (ran.stdout, ran.returncode) == (bare.stdout, bare.returncode)


@pytest.mark.slow
@pytest.mark.parametrize("out", [(), ("--out", "run")])
def test_each_rank_may_be_started_watched(out: tuple[str, ...], folder: Path) -> None:
    words = ("-m", "wellfit", "run", *out, "train.py", *AS_IT_IS)
    ran = _python(folder, "-m", *TORCHRUN, *words)
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr.count(f"· {STEPS} steps ·") == 1
    found = [folder / "run"] if out else list((folder / "wellfit-runs").iterdir())
    assert len(found) == 1
    _seen_by_both(found[0])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "count"),
    [(("--num_processes", "2", "--multi_gpu"), 2), (("--cpu",), 1)],
)
def test_accelerate_launch(options: tuple[str, ...], count: int, folder: Path) -> None:
    script = "train.py" if count == 2 else "alone.py"
    (folder / "alone.py").write_text(
        TRAINING.replace("model = Distr", "model = net  # Distr").partition("if __n")[0]
        + "main(0, 1)"
    )
    common = ("--num_machines", "1", "--mixed_precision", "no")
    common += ("--dynamo_backend", "no")
    launch = ("-m", "accelerate.commands.launch", *common, *options)
    ran = _watched(folder, *launch, script, *AS_IT_IS)
    assert ran.returncode == 0, ran.stderr
    if count == 2:
        _seen_by_both(folder / "run")
    else:
        assert len(open_run(folder / "run").signal("loss")) == 24


@pytest.mark.slow
def test_a_restarted_rank_leaves_what_it_saw_before(folder: Path) -> None:
    text = TRAINING.replace(
        "if rank == FAILS", "if os.environ['TORCHELASTIC_RESTART_COUNT'] == '0'"
    )
    (folder / "train.py").write_text(text)
    again = (*TORCHRUN, "--max-restarts", "1")
    ran = _watched(folder, "-m", *again, "train.py", *AS_IT_IS)
    assert ran.returncode == 0, ran.stderr
    _seen_by_both(folder / "run")
    before = open_run(folder / "run" / "attempts" / "1" / "run.db")
    assert before.signal("loss").steps[-1] == 5


# -- without any process ------------------------------------------------------------

SETTINGS = {"folder": "", "module": False, "overhead": 0.1, "every": 2, "rank": False}


def _launchers(folder: Path | None) -> Launchers:
    return Launchers({**SETTINGS, "tell": 7}, lambda: folder)


def test_torchruns_workers_are_watched_whatever_the_folder_is_called() -> None:
    launchers, module = _launchers(Path("/tmp/a $b ${local_rank}")), _api()
    original = module.WorkerSpec
    launchers.known["torch.distributed.launcher.api"](module)
    args = ("-u", "-m", "package.train", "--local-rank=${local_rank}")
    spec = module.WorkerSpec(entrypoint="python", args=args)
    assert spec["args"][:3] == ("-u", "-m", "wellfit.taps.launch")
    assert '"/tmp/a $$b $${local_rank}"' in spec["args"][3]
    assert '"module": true' in spec["args"][3]
    assert '"tell": null' in spec["args"][3]
    assert spec["args"][4:] == ("package.train", "--local-rank=${local_rank}")
    launchers.restore()
    assert module.WorkerSpec is original


def test_what_is_no_python_is_left_as_it_is() -> None:
    launchers, module = _launchers(Path("x")), _api()
    launchers.known["torch.distributed.launcher.api"](module)
    spec = {"entrypoint": "./train.sh", "args": ("--rate", "1")}
    assert module.WorkerSpec(**spec) == spec


def _api() -> Any:
    module = types.ModuleType("api")
    module.WorkerSpec = lambda **spec: spec  # type: ignore[attr-defined]
    return module


def test_a_spawned_function_keeps_its_name_and_its_errors(tmp_path: Path) -> None:
    def train(rank: int) -> int:
        """A user's own."""
        return 1 // rank

    settings = {**SETTINGS, "folder": str(tmp_path / "run"), "tell": None, "rank": True}
    spawned = Rank(train, settings, spawned=True)
    assert spawned.__name__ == "train"
    with pytest.raises(ZeroDivisionError) as raised:
        spawned(0)
    files = [entry.path.name for entry in raised.traceback]
    assert files == ["test_ranks.py", "test_ranks.py"]
    assert open_run(tmp_path / "run").facts["outcome"]["error"] is not None
    assert spawned(1) == 1
    assert open_run(tmp_path / "run" / "run-1.db").facts["outcome"]["exit"] == 0


def test_ranks_of_one_launcher_share_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    found = set()
    for rank in ("0", "1"):
        monkeypatch.setenv("RANK", rank)
        found.add(ranks.folder_for("my train", None, base=tmp_path))
        assert ranks.rank() == int(rank)
    assert len(found) == 1
    assert str(os.getppid()) in found.pop().name
    monkeypatch.setenv("RANK", "not a number")
    assert ranks.rank() == 0


def test_only_the_first_rank_minds_a_run_that_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "run.db").touch()
    monkeypatch.setenv("RANK", "1")
    assert ranks.folder_for("x", tmp_path) == tmp_path
    monkeypatch.setenv("RANK", "0")
    with pytest.raises(BadRun):
        ranks.folder_for("x", tmp_path)
