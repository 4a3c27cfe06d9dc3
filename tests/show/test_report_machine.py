"""The section on the machine, and what watching cost."""

import numpy as np
import pytest

from wellfit.core.finding import Diagnosis
from wellfit.core.run import Run
from wellfit.show.report.machine import machine
from wellfit.show.report.setup import setting


def test_charts_run_along_the_time(sick: Run) -> None:
    charts = {chart.id: chart for chart in machine(sick, Diagnosis()).charts}
    assert list(charts) == ["busy", "memory", "gpu-memory"]
    busy = charts["busy"]
    assert busy.spec["along"] == "time"
    assert busy.label.startswith("Busy by time. processors: 60 % on average.")
    milliseconds, _ = busy.spec["lines"][0]["raw"]
    assert (milliseconds[0], milliseconds[-1]) == (500, 400_000)
    assert [line["name"] for line in busy.spec["lines"]] == ["processors", "cuda:0"]


def test_a_limit_is_drawn_where_it_is_near(sick: Run) -> None:
    charts = {chart.id: chart for chart in machine(sick, Diagnosis()).charts}
    assert charts["memory"].spec["levels"] == [16e9]
    far = Run.of(
        {"elapsed": [1, 2], "memory": [1e9, 1e9]},
        facts={"machine": {"memory_limit": 64e9}},
    )
    (chart,) = machine(far, Diagnosis()).charts
    assert chart.spec["levels"] == []


def test_a_signal_that_began_later_finds_its_time() -> None:
    steps = {0: 1.0, 10: 2.0, 20: 3.0}
    run = Run.of({"elapsed": steps, "gpu_memory@cuda:0": {10: 5e9, 20: 6e9}})
    (chart,) = machine(run, Diagnosis()).charts
    assert chart.spec["lines"][0]["raw"][0] == [2000, 3000]


def test_facts_say_how_much_there_is_and_was_used(sick: Run) -> None:
    facts = dict(machine(sick, Diagnosis()).facts)
    assert facts["Processor cores"] == "8 of 64"
    assert facts["Processor time"] == "32 min 0 s, 4.8 cores on average"
    assert facts["Memory at most"] == "10 GB of 16 GB (its cgroup's limit)"
    assert facts["cuda:0"] == "NVIDIA H100 80GB HBM3, 85 GB"
    assert facts["Disks"] == "12 GB read, 300 MB written"


def test_waiting_is_told_against_the_step() -> None:
    waited = {0: 0.2, 9: 0.4, 99: 0.3}
    run = Run.of({"data_time": waited, "step_time": {15: 1.0, 99: 1.0}})
    facts = dict(machine(run, Diagnosis()).facts)
    assert facts["Waiting for batches"] == "30 % of a step (3 steps seen)"


@pytest.mark.parametrize("facts", [{}, {"machine": {}}, {"usage": {"seconds": 1.0}}])
def test_nothing_known_is_no_section(facts: dict) -> None:
    assert machine(Run.of(loss=np.ones(3), facts=facts), Diagnosis()).empty


def test_what_watching_cost_is_said(sick: Run) -> None:
    facts = dict(setting(sick, Diagnosis()).facts)
    assert (
        facts["Watching"] == "watching cost 2.1 %; 90 ms in all; 60 steps seen in full"
    )
