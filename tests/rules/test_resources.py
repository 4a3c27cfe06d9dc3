"""What a training takes of the machine: the rules of memory, loaders and devices."""

from typing import Any

import numpy as np
import pytest

from tests.rules.devices import on_gpu
from wellfit.core.finding import Finding, NotChecked, Severity
from wellfit.core.run import Event, Run
from wellfit.rules.amounts import per_step, readable
from wellfit.rules.full_precision import FullPrecision
from wellfit.rules.idle_device import IdleDevice
from wellfit.rules.input_bottleneck import InputBottleneck
from wellfit.rules.memory_growth import MemoryGrowth
from wellfit.rules.out_of_memory import OutOfMemory

MIB = 2**20
STEPS = np.arange(0, 2000, 20)


def ended(kind: str, message: str, code: int = 1) -> Run:
    error = {"type": kind, "message": message}
    return Run.of(facts={"outcome": {"exit": code, "error": error}})


@pytest.mark.parametrize(
    ("kind", "message", "where"),
    [
        (
            "OutOfMemoryError",
            "CUDA out of memory. Tried to allocate 20.00 MiB. GPU 0 has a total",
            "GPU",
        ),
        (
            "RuntimeError",
            "DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes",
            "machine",
        ),
        (
            "_ArrayMemoryError",
            "Unable to allocate 149. GiB for an array with shape (20000, 1000000)",
            "machine",
        ),
        ("MemoryError", "", "machine"),
        (
            "ResourceExhaustedError",
            "{{function_node}} OOM when allocating tensor on /device:GPU:0",
            "GPU",
        ),
        ("XlaRuntimeError", "RESOURCE_EXHAUSTED: Out of memory on GPU", "GPU"),
        ("XGBoostError", "std::bad_alloc", "machine"),
    ],
)
def test_errors_that_tell_of_memory(kind: str, message: str, where: str) -> None:
    said = OutOfMemory().judge(ended(kind, message))
    assert isinstance(said, Finding)
    assert said.where == (where,)


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("ValueError", "memory must be positive"),
        ("RuntimeError", "CUDA error: device-side assert triggered"),
        ("KeyError", "'allocate'"),
    ],
)
def test_errors_that_tell_of_something_else(kind: str, message: str) -> None:
    assert OutOfMemory().judge(ended(kind, message)) is None


def test_what_was_asked_for_is_told() -> None:
    message = "CUDA out of memory. Tried to allocate 20.00 MiB. GPU 0 has"
    said = OutOfMemory().judge(ended("OutOfMemoryError", message))
    assert isinstance(said, Finding)
    assert said.summary.endswith(": 20 MiB more were asked for")


@pytest.mark.parametrize(("held", "found"), [(0.97, True), (0.5, False)])
def test_a_process_that_was_killed(held: float, found: bool) -> None:
    outcome = {"exit": 137, "error": {"type": "killed", "message": "by SIGKILL"}}
    machine = {"memory_limit": 1000 * MIB}
    memory = {"train/memory": [500 * MIB, held * 1000 * MIB]}
    for facts in ({"outcome": outcome, "machine": machine}, {"machine": machine}):
        said = OutOfMemory().judge(Run.of(memory, facts=facts))
        assert isinstance(said, Finding) == found
    assert isinstance(
        OutOfMemory().judge(Run.of(facts={"outcome": outcome})), NotChecked
    )


def remembering(values: Any, **facts: Any) -> Run:
    memory = dict(zip(STEPS.tolist(), (MIB * np.asarray(values)).tolist(), strict=True))
    said = {"training": {"steps": 2000, "batch_size": 10}, **facts}
    epochs = [Event(kind="epoch", step=200, data={"number": 1})]
    return Run.of({"train/memory": memory}, facts=said, events=epochs)


GROWN = STEPS / STEPS[-1]
RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("values", "found"),
    [
        (500 + 400 * GROWN, True),
        (500 + 400 * GROWN + RNG.normal(0, 10, len(STEPS)), True),
        (500 + 400 * (1 - np.exp(-5 * GROWN)), False),  # a cache that fills
        (500 + 400 * (GROWN > 0.5), False),  # one large array
        (500 + 200 * np.floor(2.5 * GROWN), False),  # two of them
        (500 + 20 * np.floor(20 * GROWN), True),  # what each epoch leaves behind
        (500 + 200 * np.abs(np.sin(9 * GROWN)), False),  # filled and freed
        (500 + 20 * GROWN, False),  # what logs and plots take
        (500 + RNG.normal(0, 60, len(STEPS)), False),
        (900 - 400 * GROWN, False),
    ],
)
def test_growth_that_does_not_level_off(values: Any, found: bool) -> None:
    said = MemoryGrowth().judge(remembering(values))
    assert isinstance(said, Finding) == found
    assert found or said is None


def test_growth_towards_a_near_limit_is_critical() -> None:
    rising = 500 + 400 * GROWN
    for limit, severity in ((1000, Severity.CRITICAL), (64000, Severity.WARNING)):
        run = remembering(rising, machine={"memory_limit": limit * MIB})
        said = MemoryGrowth().judge(run)
        assert isinstance(said, Finding)
        assert said.severity is severity
        assert "steps more, and it is full" in said.summary


def test_growth_within_the_first_epoch_may_be_the_data() -> None:
    whole = remembering(500 + 400 * GROWN, loaders={"train": {"rows": 100_000}})
    said = MemoryGrowth().judge(
        Run.of({n: s.values for n, s in whole.signals.items()}, facts=whole.facts)
    )
    assert not isinstance(said, Finding)  # nothing is left after the first epoch


def test_memory_of_a_device_that_grows() -> None:
    peaks = dict(zip(STEPS.tolist(), (1e9 + 4e8 * GROWN).tolist(), strict=True))
    run = remembering(np.full(len(STEPS), 500.0))
    signals = {
        n: dict(zip(s.steps.tolist(), s.values.tolist(), strict=True))
        for n, s in run.signals.items()
    }
    said = MemoryGrowth().judge(
        Run.of({**signals, "train/gpu_peak@cuda:0": peaks}, facts=run.facts)
    )
    assert isinstance(said, Finding)
    assert said.where == ("cuda:0",)


def loading(wait: float, step: float, steps: int = 200, **facts: Any) -> Run:
    signals = {"train/data_time": [wait] * steps, "train/step_time": [step] * steps}
    return Run.of(signals, facts={"loaders": {"train": {"workers": 2}}, **facts})


@pytest.mark.parametrize(
    ("run", "said"),
    [
        (loading(0.08, 0.1), Finding),
        (loading(0.0003, 0.0006, 20_000), type(None)),  # a model of microseconds
        (loading(0.01, 0.1), type(None)),
        (loading(0.08, 0.1, 5), NotChecked),  # half a second in all
        (loading(0.0, 0.1, loaders={}), NotChecked),
    ],
)
def test_waiting_for_batches(run: Run, said: type) -> None:
    assert isinstance(InputBottleneck().judge(run), said)


def test_cores_that_could_load_are_named() -> None:
    run = loading(0.08, 0.1, machine={"cores": 8.0})
    signals = {n: s.values for n, s in run.signals.items()}
    for used, text in ((0.25, "of which 6 are idle"), (0.97, "which are all busy")):
        busy = Run.of({**signals, "train/cpu_share": [used] * 200}, facts=run.facts)
        said = InputBottleneck().judge(busy)
        assert isinstance(said, Finding)
        assert said.summary.endswith(f"with 2 workers on 8 cores, {text}")


@pytest.mark.parametrize(
    ("run", "said"),
    [
        (on_gpu(share=0.2, step=0.1, wait=0.08), type(None)),  # the loader's fault
        (on_gpu(share=0.0, step=0.005, used=False), NotChecked),  # ten seconds in all
        (on_gpu(share=0.4), type(None)),
        (Run.of(facts={"machine": {"devices": []}}), type(None)),
        (Run.of(facts={"machine": {"cores": 2}}), NotChecked),
    ],
)
def test_devices_that_are_not_idle(run: Run, said: type) -> None:
    assert isinstance(IdleDevice().judge(run), said)


def test_trees_need_no_gpu() -> None:
    facts = {"machine": {"devices": [{"name": "cuda:0"}]}, "command": {}}
    for framework in ("sklearn", "lightgbm"):
        facts["command"] = {"framework": framework}
        assert isinstance(IdleDevice().judge(Run.of(facts=facts)), NotChecked)


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        ("NVIDIA H100 80GB HBM3", True),
        ("NVIDIA A10G", True),
        ("NVIDIA RTX A6000", True),
        ("NVIDIA GeForce RTX 3060", True),
        ("NVIDIA RTX 6000 Ada Generation", True),
        ("NVIDIA L4", True),
        ("Tesla T4", False),
        ("Tesla P100-PCIE-16GB", False),
        ("NVIDIA GeForce GTX 1080 Ti", False),
        ("NVIDIA GeForce RTX 2080 Ti", False),
    ],
)
def test_devices_that_are_fast_in_16_bits(kind: str, found: bool) -> None:
    said = FullPrecision().judge(on_gpu(share=0.95, kind=kind))
    assert isinstance(said, Finding) == found


@pytest.mark.parametrize(
    "run",
    [
        on_gpu(share=0.3),
        on_gpu(share=0.95, parameters=100_000),
        on_gpu(share=0.0, used=False),
    ],
)
def test_where_faster_arithmetic_would_not_help(run: Run) -> None:
    assert FullPrecision().judge(run) is None


def test_a_value_stands_for_the_steps_since_the_one_before() -> None:
    run = Run.of({"step_time": {0: 9.0, 9: 1.0, 19: 3.0, 20: float("nan")}})
    assert per_step(run, "step_time", after=5) == pytest.approx((9 + 30) / 19)
    assert per_step(run, "step_time", after=50) is None
    assert per_step(Run.of(), "step_time", after=0) is None


def test_bytes_in_words() -> None:
    assert [readable(n) for n in (5, 2048, 3e9, 5e15)] == [
        "5.0 bytes",
        "2.0 KiB",
        "2.8 GiB",
        "4547.5 TiB",
    ]
