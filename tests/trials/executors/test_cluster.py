"""Trials on a cluster of several machines: as those here, and whatever breaks there."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from wellfit import treat
from wellfit.core.errors import BadSetting
from wellfit.core.plan import Change, Plan
from wellfit.core.verdict import Outcome
from wellfit.trainer.clock import Deadline
from wellfit.trials.executors.cluster import cluster
from wellfit.trials.executors.connect import connected
from wellfit.trials.executors.local import Local
from wellfit.trials.executors.trial import failure

pytestmark = [
    pytest.mark.slow,
    # Ray leaves sockets and processes to be collected, and names what it will change.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning:ray"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:ray"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
LOWER = Plan.of(Change(change="lower-learning-rate", params={"factor": 0.01}))
MEMORY = 80_000_000  # bytes of each machine's, in which objects are kept


@pytest.fixture(scope="module")
def machines():
    """Two of them, with a processor each; and the head, which has none."""
    from ray.cluster_utils import Cluster

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    kept = {"object_store_memory": MEMORY}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("RAY_worker_niceness", "0")
        with patch.context() as starting:
            starting.delenv("PYTHONPATH", raising=False)  # what is sent is used there
            head = {"num_cpus": 0, "include_dashboard": False, **kept}
            made = Cluster(
                initialize_head=True,
                head_node_args={"ray_client_server_port": port, **head},
            )
            for _ in range(2):
                made.add_node(num_cpus=1, **kept)
        patch.setenv("RAY_ADDRESS", made.address)
        made.port = port
        yield made
        made.shutdown()


@pytest.fixture
def on(machines, tmp_path):
    """Opens a script's trials on the cluster."""

    @contextmanager
    def opened(text: str, *, jobs: int | None = None, memory: int | None = None):
        script = tmp_path / "code" / "train.py"
        script.parent.mkdir(exist_ok=True)
        script.write_text(text)
        with cluster(
            "ray",
            [str(script)],
            module=False,
            folder=tmp_path / "out",
            jobs=jobs,
            memory=memory,
            until=Deadline.after(600.0),
        ) as found:
            yield found

    return opened


def said(executor, plan: Plan, seed: int) -> list[str]:
    return (executor.place(plan, seed) / "said.txt").read_text().splitlines()


DRAWS = """
import os, random, sys
import beside
import wellfit
random.seed(0)
print(random.random(), list({"a", "b", "c", "d"}), sys.argv[1:])
print(open("rows.csv").read())
print(os.environ["OMP_NUM_THREADS"], wellfit.__file__)
"""


def test_a_trial_is_as_it_is_here_and_a_copy_of_the_code_is_run(
    on, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "code").mkdir()
    beside = "open('rows.csv', 'w').write('rows')"
    (tmp_path / "code" / "beside.py").write_text(beside)
    with on(DRAWS) as there:
        assert there.jobs == 2
        run = there.run(LOWER, 3, seconds=100)
        drawn, rows, environment = said(there, LOWER, 3)
    assert not (tmp_path / "rows.csv").exists()
    words = [str(tmp_path / "code" / "train.py")]
    here = Local(words=words, module=False, folder=tmp_path / "here")
    alike = here.run(LOWER, 3, seconds=100)
    assert failure(run) is None
    assert run.facts["plan"] == alike.facts["plan"]
    assert drawn == said(here, LOWER, 3)[0]
    assert rows == "rows"
    threads, _, ours = environment.partition(" ")
    assert threads == "1"
    assert not Path(ours).exists()  # it was sent, and went with the trial
    folder = there.place(LOWER, 3)
    assert {f.name for f in folder.iterdir()} == {
        "run.db", "said.txt", "plan.yaml", "environment.json",
    }  # fmt: skip
    assert 0 < there.took[folder.name] < 100


SQUASHES = """
if __name__ != "__main__":  # it is read, and not run
    import torch
    from torch import nn
def made():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = nn.Linear(4, 8)
            self.last = nn.Linear(8, 1)
        def forward(self, x):
            return self.last(torch.sigmoid(self.first(x)))
    return Net()
def names(code):
    within = [c for c in code.co_consts if hasattr(c, "co_names")]
    return [*code.co_names, *(name for c in within for name in names(c))]
print(names(made.__code__))
"""


def test_a_text_that_is_edited_is_run_there_too(on):
    swap = Plan.of(Change(change="swap-activations", params={"to": "relu"}))
    with on(SQUASHES) as there:
        there.ahead([(Plan(), 1), (swap, 1)], seconds=100)
        assert "sigmoid" in said(there, Plan(), 1)[0]
        (names,) = said(there, swap, 1)
    assert "relu" in names
    assert "sigmoid" not in names


def test_a_trial_that_is_there_is_not_run_again(on):
    with on("print('done')") as there:
        first = there.run(Plan(), 1, seconds=100)
        stamp = (there.place(Plan(), 1) / "said.txt").stat().st_mtime_ns
        again = there.run(Plan(), 1, seconds=100)
        assert again.facts == first.facts
        assert (there.place(Plan(), 1) / "said.txt").stat().st_mtime_ns == stamp


def test_a_trial_that_fails_says_why_and_one_that_hangs_is_ended(on):
    with on("raise ValueError('no data here')") as there:
        run = there.run(Plan(), 1, seconds=100)
        assert failure(run) == "ValueError: no data here"
    with on("import time; print('begun', flush=True); time.sleep(300)") as there:
        begun = time.monotonic()
        assert there.run(Plan(), 2, seconds=3) is None
        assert time.monotonic() - begun < 100
        assert said(there, Plan(), 2) == ["begun"]
        assert there.took == {}


def test_a_trial_that_takes_too_much_memory_is_ended(on):
    text = "import time\ntaken = b'1' * (400 * 2**20)\ntime.sleep(100)"
    with on(text, memory=300 * 2**20) as there:
        run = there.run(Plan(), 1, seconds=90)
        assert failure(run) == "it took more than 300M of memory"


# The process above it is Ray's, on that machine.
KILLS = """
import os, signal, time
from pathlib import Path
tries = Path({tries!r})
(tries / str(os.getpid())).touch()
if len(list(tries.iterdir())) < {enough}:
    os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(300)
print('done')
"""


def test_a_trial_whose_machine_goes_away_is_run_again(on, tmp_path):
    tries = tmp_path / "tries"
    tries.mkdir()
    with on(KILLS.format(tries=str(tries), enough=2)) as there:
        run = there.run(Plan(), 1, seconds=100)
        assert failure(run) is None
        assert said(there, Plan(), 1) == ["done"]
    assert len(list(tries.iterdir())) == 2
    assert not any(Path("/proc", pid.name).exists() for pid in tries.iterdir())


def test_one_that_breaks_every_machine_is_an_outcome(on, tmp_path):
    tries = tmp_path / "tries"
    tries.mkdir()
    with on(KILLS.format(tries=str(tries), enough=99)) as there:
        run = there.run(Plan(), 1, seconds=100)
        assert failure(run).startswith("its machine went away 3 times: ActorDied")
    assert len(list(tries.iterdir())) == 3


MEETS = """
import os, time
from pathlib import Path
here = Path({here!r})
(here / f"met-{{os.getpid()}}").touch()
while len(list(here.glob("met-*"))) < {enough}:
    time.sleep(0.02)
"""


def test_trials_run_beside_each_other(on, tmp_path):
    """Each waits for the other: alone, it would not end."""
    with on(MEETS.format(here=str(tmp_path), enough=2)) as there:
        there.ahead([(Plan(), 1), (LOWER, 1)], seconds=100)
        runs = [there.run(plan, 1, seconds=1) for plan in (Plan(), LOWER)]
        assert [failure(run) for run in runs] == [None, None]


def test_an_interrupt_ends_them_all(on, tmp_path):
    def interrupt() -> None:
        while len(list(tmp_path.glob("met-*"))) < 2:
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    with on(MEETS.format(here=str(tmp_path), enough=9)) as there:
        begun = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            there.ahead([(Plan(), 1), (LOWER, 1)], seconds=200)
        assert time.monotonic() - begun < 100
    pids = [path.name.removeprefix("met-") for path in tmp_path.glob("met-*")]
    until = time.monotonic() + 20
    while any(Path("/proc", pid).exists() for pid in pids):
        assert time.monotonic() < until
        time.sleep(0.1)


def test_a_cluster_that_is_full_is_said_to_be(machines, tmp_path):
    (tmp_path / "train.py").write_text("print('done')")
    with connected("ray") as ray:
        full = ray.remote(num_cpus=1)(lambda: time.sleep(200))
        others = [full.remote() for _ in machines.worker_nodes]
        try:
            with pytest.raises(BadSetting, match=r"needs 1 CPU, for which.* no room"):
                treat(tmp_path / "train.py", on="ray", budget="6s", out=tmp_path / "o")
        finally:
            for one in others:
                ray.cancel(one, force=True)


# Its rate is far too high: it ends where it began, or worse.
LEARNS = """
import torch, wellfit
from torch import nn
torch.set_num_threads(1)
torch.manual_seed(0)
x = torch.randn(60, 5)
y = x @ torch.randn(5, 1) + 0.1 * torch.randn(60, 1)
net = nn.Linear(5, 1)
optimizer = torch.optim.SGD(net.parameters(), lr=0.9)
for rows in torch.randperm(60).split(6):
    loss = nn.functional.mse_loss(net(x[rows]), y[rows])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
wellfit.log("val/squared_error", nn.functional.mse_loss(net(x), y).item())
"""


def test_the_verdict_is_that_of_this_machine_though_one_goes_away(
    machines, tmp_path, capsys
):
    (tmp_path / "train.py").write_text(LEARNS)
    trials = []

    def look(trial):
        trials.append(trial)
        if len(trials) == 3:
            node = next(iter(machines.worker_nodes))
            threading.Timer(2.0, machines.remove_node, (node, False)).start()

    how = {"plan": LOWER, "metric": "val/squared_error", "budget": "30m"}
    there = treat(
        tmp_path / "train.py", on="ray", out=tmp_path / "there", on_trial=look, **how
    )
    here = treat(tmp_path / "train.py", out=tmp_path / "here", **how)
    assert capsys.readouterr().out == ""  # where results may be written
    assert there.verdict.outcome is Outcome.BETTER
    assert there.verdict == here.verdict
    assert len(trials) == 2 * len(here.verdict.control)


def test_a_cluster_is_reached_from_outside(machines, tmp_path):
    (tmp_path / "train.py").write_text("raise ValueError('no data here')")
    command = [sys.executable, "-m", "wellfit", "treat", "--out", "out"]
    command += ["--on", f"ray://127.0.0.1:{machines.port}", "train.py"]
    ended = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300
    )
    assert ended.returncode == 2
    assert "fails as it is" in ended.stderr
    assert "ValueError: no data here" in ended.stderr
