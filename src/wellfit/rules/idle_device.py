"""idle-device"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from wellfit.core.finding import Evidence, Finding, NotChecked, Severity
from wellfit.core.run import Run
from wellfit.rules.amounts import per_step, typical
from wellfit.rules.rule import Rule

NETWORKS = {None, "torch", "lightning", "transformers", "accelerate"}


@dataclass(frozen=True, kw_only=True, slots=True)
class IdleDevice(Rule):
    """A GPU is there and does little or nothing for this training.

    ## What it looks at
    The GPUs that the process may use. Whether PyTorch holds anything on them; if so,
    the share of the time in which they compute, past the first tenth of the run.

    ## Why it hurts
    The training takes many times as long as it would on the device, or leaves most of
    what is paid for unused.

    ## Example
    >>> facts = {"machine": {"devices": [{"name": "cuda:0", "kind": "A10"}]},
    ...          "command": {"framework": "torch"}, "model": {"parameters": 11_000_000},
    ...          "training": {"steps": 100}}
    >>> run = Run.of({"train/step_time": [0.5] * 100, "train/memory": [1e9] * 20,
    ...               "train/gpu_share@cuda:0": [0.0] * 20}, facts=facts)
    >>> print(IdleDevice().check(run).summary)
    the model trains on the processor, 500 ms a step, while cuda:0 (A10) holds nothing
    of it

    ## How it is told from its look-alikes
    A small model is as fast on the processor: steps of a few milliseconds are left
    alone. A GPU that idles because batches come late is `input-bottleneck`. The share
    counts whoever computes there, so that another's work hides the idleness, and is
    never taken for it.

    ## What helps
    A model on the processor: move it and its batches, `model.to("cuda")`. A device that
    waits for the processor: `resize-batch`; fewer `.item()` and prints in the loop;
    fused optimizers, `torch.compile` or CUDA graphs where steps consist of many small
    kernels.

    ## When it is wrong
    A device that was left free on purpose, for another process.

    ## References
    NVIDIA, NVML API reference, nvmlUtilization_t. PyTorch documentation, Performance
    tuning guide.
    """

    severity: ClassVar = Severity.WARNING
    needs: ClassVar = ("facts:machine",)
    remedies: ClassVar = ("resize-batch",)

    step: float = 0.02  # seconds, of a step on a processor: below it, starting some
    # hundred kernels (5 to 10 µs each) and copying batches would eat up what is won
    seconds: float = 20.0  # of a training, below which nothing is to be won
    share: float = 0.3  # of the time that the GPU computes. A training whose kernels
    # follow each other without gaps has 0.9 and more
    hidden: float = 0.25  # of the time, waited for batches: that is then the cause
    warm: float = 0.1  # of the steps, left out
    readings: int = 5  # fewer tell nothing of a share

    def check(self, run: Run) -> Finding | NotChecked | None:
        """A finding where a GPU is not used, or hardly."""
        devices = run.facts["machine"].get("devices")
        if devices is None:
            return NotChecked(
                reason="whether there are GPUs was not seen: run it with `wellfit run`"
            )
        if not devices:
            return None
        if (run.facts.get("command") or {}).get("framework") not in NETWORKS:
            return NotChecked(reason="of PyTorch alone is seen what it holds on a GPU")
        after = int(self.warm * (run.last_step + 1))
        step = per_step(run, "step_time", after)
        if step is None or step * (run.last_step + 1) < self.seconds:
            return NotChecked(
                reason=f"a training of less than {self.seconds:g} s has nothing to win "
                "from a device that is better used"
            )
        used = list(run.at("gpu_peak"))
        if not used:
            return self._unused(run, step)
        return self._hardly(run, used, step, after)

    def _unused(self, run: Run, step: float) -> Finding | None:
        if step < self.step:
            return None
        device = run.facts["machine"]["devices"][0]
        kind = f" ({device['kind']})" if device.get("kind") else ""
        parameters = (run.facts.get("model") or {}).get("parameters")
        return self.finding(
            f"the model trains on the processor, {1000 * step:.3g} ms a step, while "
            f"{device['name']}{kind} holds nothing of it",
            confidence=0.85,
            where=[device["name"]],
            evidence=_evidence(step, parameters),
        )

    def _hardly(
        self, run: Run, used: list[str], step: float, after: int
    ) -> Finding | NotChecked | None:
        shares = {
            name: share
            for name, signal in run.at("gpu_share").items()
            if name in used and len(signal) >= self.readings
            if (share := typical(signal, after)) is not None
        }
        if not shares:
            return NotChecked(
                reason="how busy the GPU was is not known: it takes NVIDIA's driver"
            )
        wait = per_step(run, "data_time", after) or 0.0
        busiest = max(shares, key=lambda name: shares[name])
        if shares[busiest] >= self.share or wait >= self.hidden * step:
            return None
        cores = run.facts["machine"].get("cores")
        return self.finding(
            f"{busiest} computes {100 * shares[busiest]:.0f} % of the time, and does "
            f"not wait for batches ({1000 * wait:.2g} of {1000 * step:.3g} ms a step): "
            "the processor is too slow in giving it work",
            confidence=0.7,
            where=list(shares),
            since=after,
            evidence=[
                Evidence(
                    text="share of the time that it computes",
                    signal=f"train/gpu_share@{busiest}",
                    value=shares[busiest],
                ),
                *_evidence(step, None),
                *([Evidence(text="cores", value=cores)] if cores else []),
            ],
        )


def _evidence(step: float, parameters: int | None) -> Iterator[Evidence]:
    yield Evidence(
        text="seconds from step to step", signal="train/step_time", value=step
    )
    if parameters:
        yield Evidence(text="parameters of the model", value=float(parameters))
