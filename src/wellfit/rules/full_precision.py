"""full-precision"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from wellfit.core.finding import Evidence, Finding, NotChecked, Severity
from wellfit.core.run import Run
from wellfit.rules.amounts import per_step, typical
from wellfit.rules.rule import Rule

# GPUs whose 16-bit units are several times as fast: NVIDIA's from Ampere on, by name.
FAST = re.compile(
    r"\b(A2|A10G?|A16|A30|A40|A100|A800|L4|L40S?|L20|H20|H100|H200|H800|GH200|"
    r"B100|B200|GB200|RTX (A\d{4}|[3-5]0\d0\w*|\d{4} Ada)|RTX PRO)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class FullPrecision(Rule):
    """A large model computes in 32 bits on a GPU that is far faster in 16.

    ## What it looks at
    The precision of the model's outputs, its size, the kind of GPU, and whether that
    is busy computing: only then does faster arithmetic make the training faster.

    ## Why it hurts
    Matrix products in bfloat16 are 8 to 16 times as fast on these devices as in
    float32, and activations take half of the memory: batches could be larger as well.

    ## Example
    >>> facts = {"loop": {"precision": "float32"}, "model": {"parameters": 86_000_000},
    ...          "machine": {"devices": [{"name": "cuda:0", "kind": "NVIDIA H100"}]}}
    >>> run = Run.of({"train/gpu_share@cuda:0": [0.97] * 20,
    ...               "train/gpu_peak@cuda:0": [2e10] * 20}, facts=facts)
    >>> print(FullPrecision().check(run).summary)
    86 million parameters train in float32, and cuda:0 (NVIDIA H100) computes 97 % of
    the time

    ## How it is told from its look-alikes
    A device that mostly waits is not helped by faster arithmetic: `input-bottleneck`,
    `idle-device`. A small model is held up by starting its kernels.

    ## What helps
    `mixed-precision`: bfloat16 autocast keeps weights and their updates in 32 bits, and
    needs no scaling of the loss. `torch.set_float32_matmul_precision("high")` (TF32)
    gives a part of it with a single line.

    ## When it is wrong
    TF32 that is switched on already: it is not seen. Computations that need 32 bits:
    differential equations, second derivatives, very small differences.

    ## References
    Micikevicius et al. (2018), Mixed precision training. Kalamkar et al. (2019), A
    study of bfloat16 for deep learning training.
    """

    severity: ClassVar = Severity.NOTE
    needs: ClassVar = ("facts:loop", "facts:machine")
    remedies: ClassVar = ("mixed-precision",)

    parameters: float = 5e6  # fewer are held up by starting kernels, not by arithmetic
    busy: float = 0.7  # of the time that the GPU computes
    warm: float = 0.1  # of the steps, left out
    readings: int = 5  # fewer tell nothing of a share

    def check(self, run: Run) -> Finding | NotChecked | None:
        """A note where arithmetic in 16 bits would pay."""
        precision = run.facts["loop"].get("precision")
        if precision is None:
            return NotChecked(
                reason="what it computes in was not seen: train for more steps"
            )
        machine = run.facts["machine"]
        fast = [d for d in machine.get("devices") or () if FAST.search(_kind(d))]
        size = (run.facts.get("model") or {}).get("parameters") or 0
        if precision != "float32" or not fast or size < self.parameters:
            return None
        used = run.at("gpu_peak")
        device = next((d for d in fast if d.get("name") in used), None)
        if device is None:
            return None
        return self._found(run, device, size)

    def _found(
        self, run: Run, device: Mapping[str, Any], size: int
    ) -> Finding | NotChecked | None:
        after = int(self.warm * (run.last_step + 1))
        signal = run.at("gpu_share").get(device["name"])
        share = typical(signal, after)
        if signal is None or share is None or len(signal) < self.readings:
            return NotChecked(
                reason="how busy the GPU was is not known: it takes NVIDIA's driver"
            )
        if share < self.busy:
            return None
        step = per_step(run, "step_time", after)
        evidence = [
            Evidence(
                text="share of the time that it computes",
                signal=signal.name,
                value=share,
            ),
            Evidence(text="parameters of the model", value=float(size)),
        ]
        if step is not None:
            text = "seconds from step to step"
            evidence.append(Evidence(text=text, signal="train/step_time", value=step))
        where = f"{device['name']} ({_kind(device)})"
        return self.finding(
            f"{size / 1e6:.3g} million parameters train in float32, and {where} "
            f"computes {100 * share:.0f} % of the time",
            confidence=0.6,
            where=[device["name"]],
            evidence=evidence,
        )


def _kind(device: Mapping[str, Any]) -> str:
    return str(device.get("kind") or "")
