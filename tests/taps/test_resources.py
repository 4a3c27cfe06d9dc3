"""What is read of the machine, on this very machine, from processes that use it."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pynvml
import pytest

from wellfit.core.run import Run
from wellfit.core.signals import MACHINE, parse
from wellfit.record import Recorder, open_run
from wellfit.taps.resources import Resources
from wellfit.taps.resources.devices import Devices
from wellfit.taps.resources.limits import Limits, limits
from wellfit.taps.resources.meter import LONGEST, SHORTEST, Meter
from wellfit.taps.resources.processes import Processes, peak
from wellfit.taps.resources.source import Reading
from wellfit.taps.resources.system import Network, Quota
from wellfit.taps.tap import enter, leave

CORES = Limits(cores=4.0, memory=None, throttling=None)
BURN = """
import time
while time.process_time() < 0.4: pass
"""
WAIT = "print(1, flush=True); input()"
SPAWN = f"""
import subprocess, sys
child = subprocess.Popen(
    [sys.executable, "-c", {BURN + WAIT!r}],
    stdin=subprocess.PIPE,
    stdout=subprocess.PIPE,
)
child.stdout.readline()
"""
END = "print('ready', flush=True); input(); child.communicate(b'\\n')"


@contextmanager
def script(text: str) -> Iterator["subprocess.Popen[bytes]"]:
    """A process that does what the text says, then waits to be told to go on."""
    text = f"{text}\nprint('ready', flush=True)\ninput()\n"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    process = subprocess.Popen([sys.executable, "-c", text], **pipes)
    try:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
    finally:
        process.communicate(b"\n\n", timeout=30)


def read(process: "subprocess.Popen[bytes]") -> Reading:
    return Processes(CORES, process.pid).read()


def test_processor_time_is_counted_by_cores() -> None:
    with script(BURN) as process:
        spent = read(process).totals["cpu_share"] * CORES.cores
        own = psutil.Process(process.pid).cpu_times()
    assert spent == pytest.approx(own.user + own.system, abs=0.05)
    assert spent >= 0.35


def test_memory_is_what_is_held() -> None:
    with script("pass") as process:
        before = read(process).levels["memory"]
    with script("held = b'x' * 100_000_000") as process:
        held = read(process).levels
    assert held["memory"] - before == pytest.approx(1e8, rel=0.1)
    assert held["memory@workers"] == 0


def test_children_count_and_are_not_lost_when_they_end() -> None:
    with script(f"{SPAWN}\n{END}") as process:
        source = Processes(CORES, process.pid)
        living = source.read()
        assert living.levels["memory@workers"] > 1e6
        assert living.levels["memory"] > living.levels["memory@workers"]
        assert living.totals["cpu_share"] * CORES.cores >= 0.35
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"\n")
        process.stdin.flush()
        process.stdout.readline()
        source._due = 0.0
        ended = source.read()
    assert ended.levels["memory@workers"] == 0
    assert ended.totals["cpu_share"] >= living.totals["cpu_share"] - 0.01


@pytest.mark.skipif(not hasattr(psutil.Process, "io_counters"), reason="not counted")
def test_files_are_counted(tmp_path: Path) -> None:
    work = f"""
import os
with open({str(tmp_path / "file")!r}, "wb") as file:
    file.write(b"x" * 8_000_000)
    file.flush()
    os.fsync(file.fileno())
open({str(tmp_path / "file")!r}, "rb").read()
"""
    with script(work) as process:
        totals = read(process).totals
    assert totals["file_read"] >= 8e6
    assert totals["disk_write"] in (0, pytest.approx(8e6, rel=0.2))  # 0: in memory


def test_a_process_that_is_gone_is_no_fault() -> None:
    with script("pass") as process:
        source = Processes(CORES, process.pid)
    assert source.read().totals == {}


def test_the_peak_outlasts_what_was_freed() -> None:
    held = bytearray(60_000_000)
    most = psutil.Process().memory_info().rss
    del held
    assert (peak() or 0) >= 0.9 * most  # counted in batches


def test_the_network_is_read_without_the_loopback() -> None:
    totals = Network().read().totals
    assert set(totals) in ({"network_received", "network_sent"}, set())
    outward = [n for n in psutil.net_io_counters(pernic=True) if n != "lo"]
    assert bool(totals) == bool(outward)


# -- limits ------------------------------------------------------------------------


def tree(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


SECOND = {
    "proc/self/cgroup": "0::/work/job\n",
    "sys/fs/cgroup/work/job/cpu.max": "50000 100000\n",
    "sys/fs/cgroup/work/job/cpu.stat": "nr_periods 10\nnr_throttled 4\n",
    "sys/fs/cgroup/work/job/memory.max": "max\n",
    "sys/fs/cgroup/work/memory.max": "4000000000\n",
    "sys/fs/cgroup/work/cpu.max": "max 100000\n",
}
FIRST = {
    "proc/self/cgroup": "4:memory:/job\n2:cpu,cpuacct:/job\n1:name=systemd:/x\n0::/\n",
    "sys/fs/cgroup/cpu/job/cpu.cfs_quota_us": "50000\n",
    "sys/fs/cgroup/cpu/job/cpu.cfs_period_us": "100000\n",
    "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n",
    "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
    "sys/fs/cgroup/cpu/job/cpu.stat": "nr_periods 10\nnr_throttled 4\n",
    "sys/fs/cgroup/memory/job/memory.limit_in_bytes": "4000000000\n",
    "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
}


@pytest.mark.parametrize("files", [FIRST, SECOND], ids=["cgroup-1", "cgroup-2"])
def test_the_narrowest_limit_binds(files: dict[str, str], tmp_path: Path) -> None:
    found = limits(tree(tmp_path, files))
    assert (found.cores, found.memory) == (0.5, 4_000_000_000)
    assert found.throttling is not None
    quota = Quota(found)
    assert quota.read() == Reading()  # no period has passed since
    found.throttling.write_text("nr_periods 30\nnr_throttled 9\n")
    assert quota.read().levels == {"throttled_share": 0.25}


def test_without_cgroups_affinity_binds(tmp_path: Path) -> None:
    found = limits(tmp_path)
    assert found == Limits(cores=found.cores, memory=None, throttling=None)
    assert 1 <= found.cores <= (os.cpu_count() or 1)
    assert Quota(found).read() == Reading()


# -- devices -----------------------------------------------------------------------


def gpu_driver(**own: Callable[..., Any]) -> Any:
    """The functions that the driver's library has, for two GPUs of one kind."""
    given = {
        "nvmlInit": lambda: None,
        "nvmlDeviceGetCount": lambda: 2,
        "nvmlDeviceGetHandleByIndex": lambda number: [0, 1][number],
        "nvmlDeviceGetHandleByUUID": lambda name: {"GPU-a": 0, "GPU-b": 1}[name],
        "nvmlDeviceGetName": lambda handle: "A GPU",
        "nvmlDeviceGetMemoryInfo": lambda h: SimpleNamespace(total=80, used=10 + h),
        "nvmlDeviceGetUtilizationRates": lambda h: SimpleNamespace(gpu=50 + h),
        "nvmlDeviceGetCurrentClocksEventReasons": lambda h: 64 * h,
        **own,
    }
    assert all(hasattr(pynvml, name) for name in given)
    return SimpleNamespace(**{**vars(pynvml), **given})


@pytest.mark.parametrize(
    ("visible", "used"),
    [(None, [10, 11]), ("1,0", [11, 10]), ("GPU-b", [11]), ("1,-1,0", [11]), ("", [])],
)
def test_devices_are_those_that_cuda_sees(
    visible: str | None, used: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)

    def handle(number: int) -> int:
        if number < 0:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_INVALID_ARGUMENT)
        return number

    devices = Devices(gpu_driver(nvmlDeviceGetHandleByIndex=handle))
    levels = devices.read().levels
    assert [levels[f"gpu_memory@cuda:{i}"] for i in range(len(used))] == used
    assert len(devices.fact()["devices"]) == len(used)


def test_a_device_tells_what_it_can() -> None:
    def refuse(handle: int) -> None:
        raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_SUPPORTED)

    devices = Devices(gpu_driver(nvmlDeviceGetUtilizationRates=refuse))
    assert devices.read().levels == {
        "gpu_memory@cuda:0": 10,
        "gpu_throttled@cuda:0": 0,
        "gpu_memory@cuda:1": 11,
        "gpu_throttled@cuda:1": 1,
    }
    about = {"name": "cuda:0", "kind": "A GPU", "memory": 80}
    assert devices.fact()["devices"][0] == about


def test_without_a_driver_there_is_no_device() -> None:
    def absent() -> None:
        raise pynvml.NVMLError(pynvml.NVML_ERROR_LIBRARY_NOT_FOUND)

    devices = Devices(gpu_driver(nvmlInit=absent))
    assert devices.fact() == {"devices": []}
    assert devices.read() == Reading()


def test_the_real_driver_is_asked() -> None:
    found = Devices()
    names = [device["name"] for device in found.fact()["devices"]]
    levels = found.read().levels
    assert {name.partition("@")[2] for name in levels} == set(names)


# -- the thread --------------------------------------------------------------------


class Stepping:
    """A tap that counts, for what is read stands at its step."""

    framework = "none"

    def __init__(self, records: Recorder) -> None:
        self.records = records
        self.step = 7


@pytest.fixture
def recorder(tmp_path: Path) -> Iterator[Recorder]:
    with Recorder(tmp_path / "run") as opened:
        yield opened


@pytest.fixture
def stepping(recorder: Recorder) -> Iterator[Stepping]:
    tap = Stepping(recorder)
    enter(tap)  # type: ignore[arg-type]
    yield tap
    leave(tap)  # type: ignore[arg-type]


def said(recorder: Recorder) -> Run:
    recorder.flush()
    return open_run(recorder.folder)


def until(seen: Callable[[], bool]) -> None:
    for _ in range(300):
        if seen():
            return
        time.sleep(0.1)


def test_readings_stand_at_the_step_and_every_one_has_a_page(
    recorder: Recorder, stepping: Stepping
) -> None:
    resources = Resources(recorder)
    resources.start()
    until(lambda: "train/cpu_share" in said(recorder))
    stepping.step = 9
    time.sleep(SHORTEST)
    resources.finish()
    run = said(recorder)
    assert {parse(name).name for name in run.signals} <= MACHINE.keys()
    steps = run.signal("train/cpu_share").steps.tolist()
    assert (steps[0], steps[-1]) == (7, 9)
    assert run.facts["machine"]["memory_limit"] > 1e8
    usage = run.facts["usage"]
    assert usage["cpu_seconds"] >= 0
    assert usage["memory_peak"] >= 0.5 * run.signal("train/memory").last
    assert 0 < usage["watching_seconds"] < usage["seconds"]
    assert run.events == ()


def test_a_source_that_fails_is_left_out_and_the_others_go_on(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Processes) -> Reading:
        raise PermissionError("not yours")

    monkeypatch.setattr(Processes, "read", refuse)
    meter = Meter(recorder)
    meter.open()
    meter.read()
    meter.close()
    run = said(recorder)
    (event,) = run.events
    assert "its processes ended: PermissionError: not yours" in event.data["text"]
    assert "train/memory" not in run
    assert "train/elapsed" in run


def test_without_psutil_the_training_goes_on(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "psutil", None)
    monkeypatch.setitem(sys.modules, "pynvml", None)
    resources = Resources(recorder)
    resources.start()
    resources.finish()
    assert {event.kind for event in said(recorder).events} == {"note"}


def test_it_reads_less_often_later_and_where_reading_is_dear(
    recorder: Recorder,
) -> None:
    meter = Meter(recorder)
    assert meter.rest == SHORTEST
    meter._begun -= 500
    assert meter.rest == pytest.approx(5, rel=0.01)
    meter._begun -= 1e6
    assert meter.rest == LONGEST
    meter._took = 0.1
    assert meter.rest == 40


def test_it_ends_cleanly_and_twice(recorder: Recorder, stepping: Stepping) -> None:
    resources = Resources(recorder)
    resources.finish()
    resources.start()
    resources.finish()
    resources.finish()
    names = {thread.name for thread in threading.enumerate()}
    assert "wellfit-resources" not in names


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_the_child_of_a_fork_is_silent(recorder: Recorder, stepping: Stepping) -> None:
    resources = Resources(recorder)
    resources.start()
    time.sleep(SHORTEST)
    child = os.fork()
    if child == 0:
        resources.finish()
        names = {thread.name for thread in threading.enumerate()}
        os._exit("wellfit-resources" in names)
    assert os.waitpid(child, 0)[1] == 0
    resources.finish()
    assert said(recorder).facts["usage"]["seconds"] > 0


TRAINING = """
import torch, sys, time
assert "psutil" not in sys.modules
model = torch.nn.Linear(4, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
class Data(torch.utils.data.Dataset):
    def __len__(self): return 64
    def __getitem__(self, i):
        end = time.process_time() + 0.005
        while time.process_time() < end: pass
        return torch.randn(4)
for epoch in range(3):
    for x in torch.utils.data.DataLoader(Data(), 16, num_workers=1):
        loss = torch.nn.functional.mse_loss(model(x), x.sum(1, keepdim=True))
        optimizer.zero_grad(); loss.backward(); optimizer.step()
print(sorted(m for m in sys.modules if m == "rich"))
"""


@pytest.mark.xfail(
    strict=False,
    reason="readings may be too far apart to meet workers that live briefly",
)
def test_a_script_s_machine_is_in_its_run(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(TRAINING)
    command = ["-m", "wellfit", "run", "--quiet", "--out", "run", "train.py"]
    ran = subprocess.run(
        [sys.executable, *command], cwd=tmp_path, capture_output=True, check=False
    )
    assert (ran.returncode, ran.stdout) == (0, b"[]\n"), ran.stderr
    run = open_run(tmp_path / "run")
    assert run.facts["usage"]["cpu_seconds"] > 0.5  # the workers' alone are 0.96
    assert run.signal("train/memory").values.min() > 5e7
    assert run.signal("train/memory@workers").values.max() > 1e7
    assert not run.happened("note")
