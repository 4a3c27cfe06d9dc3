"""What the training took of the machine, over its time."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from wellfit.core.finding import Diagnosis
from wellfit.core.run import Run, Signal
from wellfit.show.numerals import count, duration, number, share, size
from wellfit.show.report.lines import Level, Line, line_chart
from wellfit.show.report.parts import Chart, Section

LINES = 4  # in one chart: more cannot be told apart
NEAR = 0.25  # of a limit: from there on it is drawn
MOVED: Mapping[str, Sequence[tuple[str, str]]] = {
    "Disks": (("disk_read", "read"), ("disk_write", "written")),
    "Network": (("network_received", "received"), ("network_sent", "sent")),
}

Fact = tuple[str, str]


def machine(run: Run, diagnosis: Diagnosis) -> Section:
    """Processors, memory and devices over the time, and what there is of them."""
    known = run.facts.get("machine") or {}
    used = run.facts.get("usage") or {}
    charts = [_busy(run), _memory(run, known), _device_memory(run, known)]
    return Section(
        id="machine",
        title="The machine",
        charts=tuple(chart for chart in charts if chart is not None),
        facts=(
            *_processors(known, used),
            *_memories(known, used),
            *_devices(known),
            *_waiting(run),
            *_moved(used),
        ),
        pairs=True,
    )


def _busy(run: Run) -> Chart | None:
    """Shares of what could be computed with: processors, and each GPU."""
    found = {"processors": run.get("cpu_share"), **run.at("gpu_share")}
    lines = [
        Line(
            name=name, signal=timed, tone=tone, text=f"{share(_mean(timed))} on average"
        )
        for tone, (name, timed) in enumerate(_timed(run, found))
    ]
    return _chart("busy", "Busy", lines, unit="share")


def _memory(run: Run, known: Mapping[str, Any]) -> Chart | None:
    workers = run.get("memory@workers")
    found = {"in all": run.get("memory")}
    if workers is not None and workers.values.any():
        found["child processes"] = workers
    lines = _most(_timed(run, found))
    limit = known.get("memory_limit")
    return _chart("memory", "Memory", lines, unit="bytes", limit=limit)


def _device_memory(run: Run, known: Mapping[str, Any]) -> Chart | None:
    lines = _most(_timed(run, run.at("gpu_memory")))
    sizes = [device.get("memory") for device in known.get("devices") or ()]
    limit = min((s for s in sizes if s), default=None)
    return _chart("gpu-memory", "GPU memory", lines, unit="bytes", limit=limit)


def _most(found: Iterator[tuple[str, Signal]]) -> list[Line]:
    return [
        Line(
            name=name,
            signal=timed,
            tone=tone,
            text=f"{size(float(timed.values.max()))} at most",
        )
        for tone, (name, timed) in enumerate(found)
    ]


def _chart(
    name: str,
    title: str,
    lines: list[Line],
    *,
    unit: Any,
    limit: float | None = None,
) -> Chart | None:
    if not any(len(line.signal) > 1 for line in lines):
        return None
    highest = max(line.signal.values.max() for line in lines)
    near = limit is not None and highest > NEAR * limit
    levels = [Level(text="limit", value=limit)] if near and limit is not None else []
    made = line_chart(name, title, lines, unit=unit, levels=levels)
    label = made.label.replace(" by step.", " by time.", 1)
    return replace(made, label=label, spec={**made.spec, "along": "time"})


def _timed(
    run: Run, found: Mapping[str, Signal | None]
) -> Iterator[tuple[str, Signal]]:
    """The signals, with milliseconds in the place of steps."""
    elapsed = run.get("elapsed")
    known = [(n, s) for n, s in found.items() if s is not None and len(s)][:LINES]
    if elapsed is None:
        return
    for name, signal in known:
        yield (
            name,
            Signal(
                name=signal.name,
                steps=_milliseconds(signal, elapsed),
                values=signal.values.copy(),
            ),
        )


def _milliseconds(signal: Signal, elapsed: Signal) -> Any:
    seconds = elapsed.values
    if len(signal) != len(elapsed):  # one that began later, or ended earlier
        seconds = np.interp(signal.steps, elapsed.steps, elapsed.values)
    return (1000 * seconds).astype(np.int64)


def _mean(timed: Signal) -> float:
    """Each value stands for the time since the one before."""
    lengths = np.diff(timed.steps, prepend=0)
    return float(np.average(timed.values, weights=np.maximum(lengths, 1)))


def _processors(known: Mapping[str, Any], used: Mapping[str, Any]) -> Iterator[Fact]:
    cores, everything = known.get("cores"), known.get("cores_in_all")
    if cores:
        part = f" of {everything:,}" if everything and everything != cores else ""
        yield "Processor cores", f"{number(cores)}{part}"
    if used.get("cpu_seconds") and used.get("seconds"):
        spent = used["cpu_seconds"]
        mean = number(float(f"{spent / used['seconds']:.2g}"))
        yield "Processor time", f"{duration(spent)}, {mean} cores on average"


def _memories(known: Mapping[str, Any], used: Mapping[str, Any]) -> Iterator[Fact]:
    if known.get("memory_limit"):
        by = " (its cgroup's limit)" if known.get("memory_limit_by") == "cgroup" else ""
        held = f"{size(used['memory_peak'])} of " if used.get("memory_peak") else ""
        yield "Memory at most", f"{held}{size(known['memory_limit'])}{by}"


def _devices(known: Mapping[str, Any]) -> Iterator[Fact]:
    for device in known.get("devices") or ():
        parts = [device.get("kind"), size(device.get("memory"))]
        yield device["name"], ", ".join(part for part in parts if part)


def _waiting(run: Run) -> Iterator[Fact]:
    waited, took = run.get("data_time"), run.get("step_time")
    if waited is not None and took is not None and len(waited) and len(took):
        part = float(np.median(waited.values)) / max(
            float(np.median(took.values)), 1e-9
        )
        looks = count(len(waited), "step")
        yield "Waiting for batches", f"{share(min(part, 1.0))} of a step ({looks} seen)"
    held = run.get("throttled_share")
    if held is not None and held.values.any():
        said = share(float(held.values.mean()))
        yield "Held back", f"by the quota of processor time, in {said} of its periods"


def _moved(used: Mapping[str, Any]) -> Iterator[Fact]:
    totals = used.get("totals") or {}
    for name, parts in MOVED.items():
        said = [f"{size(totals[k])} {word}" for k, word in parts if totals.get(k)]
        if said:
            yield name, ", ".join(said)
