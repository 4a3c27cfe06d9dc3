"""out-of-memory"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from wellfit.core.finding import Evidence, Finding, NotChecked, Severity
from wellfit.core.run import Run
from wellfit.rules.amounts import in_bytes, latest, model_states, readable
from wellfit.rules.rule import Rule

TYPES = {
    "OutOfMemoryError",
    "MemoryError",
    "_ArrayMemoryError",
    "ResourceExhaustedError",
}
SAID = re.compile(
    r"out of memory|can't allocate memory|not enough memory|unable to allocate|"
    r"RESOURCE_EXHAUSTED|ALLOC_FAILED|bad_alloc|cannot allocate memory",
    re.IGNORECASE,
)
ON_GPU = re.compile(r"cuda|hip|gpu|xpu|mps", re.IGNORECASE)
ASKED = re.compile(r"allocate\D{0,4}([\d.]+) ?([KMGT]i?B|bytes)", re.IGNORECASE)
KILLED = {137, -9}  # by SIGKILL, which is what the kernel sends


@dataclass(frozen=True, kw_only=True, slots=True)
class OutOfMemory(Rule):
    """Training ended because memory ran out, of the device or of the machine.

    ## What it looks at
    The error that ended the run, and where it was killed without one (exit status 137),
    whether memory then stood at its limit. Beside it what parameters, gradients and the
    optimizer's states take of it: the rest is activations, data and copies.

    ## Why it hurts
    The run is lost from its last checkpoint on; it would end there again.

    ## Example
    >>> said = "CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has ..."
    >>> facts = {"outcome": {"exit": 1, "error": {"type": "OutOfMemoryError",
    ...                                           "message": said}},
    ...          "training": {"batch_size": 256}}
    >>> print(OutOfMemory().check(Run.of(facts=facts)).summary)
    memory of the GPU ran out after 0 steps, with batches of 256: 2.0 GiB more were
    asked for

    ## How it is told from its look-alikes
    A process that is killed while memory is far from its limit was killed for something
    else, by a scheduler's time limit say. Where memory had grown steadily until then,
    `memory-growth` is the cause, and smaller batches only put the end off.

    ## What helps
    `resize-batch` with `accumulate-gradients`, which leaves the result as it is;
    `mixed-precision` and `checkpoint-activations` where activations take the most;
    `shard-model` where parameters and optimizer do. Of the machine's memory: fewer
    loader workers, data read in parts, float32 instead of float64.

    ## When it is wrong
    A limit of a container that wellfit cannot see.

    ## References
    Rajbhandari et al. (2020), ZeRO: memory optimizations toward training trillion
    parameter models. Chen et al. (2016), Training deep nets with sublinear memory cost.
    """

    severity: ClassVar = Severity.CRITICAL
    remedies: ClassVar = (
        "resize-batch",
        "accumulate-gradients",
        "mixed-precision",
        "checkpoint-activations",
        "shard-model",
    )

    full: float = 0.9  # of the limit, at the last reading, which is seconds old: what a
    # process asks for at last is what is missing there

    def check(self, run: Run) -> Finding | NotChecked | None:
        """A finding where memory is what ended the run."""
        outcome = run.facts.get("outcome")
        if outcome is None:
            return self._cut_off(run)
        error = outcome.get("error") or {}
        message = str(error.get("message", ""))
        if error.get("type") in TYPES or SAID.search(message):
            return self._failed(run, error, message)
        if outcome.get("exit") in KILLED or "SIGKILL" in message:
            return self._killed(run)
        return None

    def _failed(self, run: Run, error: Mapping[str, Any], message: str) -> Finding:
        gpu = ON_GPU.search(message) is not None
        asked = ASKED.search(message)
        more = ""
        if asked is not None:
            more = f": {readable(in_bytes(*asked.groups()))} more were asked for"
        return self.finding(
            f"memory of the {'GPU' if gpu else 'machine'} ran out after "
            f"{run.last_step + 1} steps{_batches(run)}{more}",
            confidence=0.97,
            where=["GPU" if gpu else "machine"],
            since=max(run.last_step, 0),
            evidence=[
                Evidence(text=f"{error.get('type')}: {message}"[:200]),
                *_evidence(run, gpu=gpu),
            ],
        )

    def _killed(self, run: Run) -> Finding | NotChecked | None:
        share = self._filled(run)
        if share is None:
            return NotChecked(
                reason="it was killed, and its memory was not seen: run for longer"
            )
        if share < self.full:
            return None
        return self._at_the_limit(run, share, "it was killed", 0.85)

    def _cut_off(self, run: Run) -> Finding | NotChecked:
        """A folder of a run that could not say how it ended."""
        share = self._filled(run)
        if share is None or share < self.full:
            return NotChecked(
                reason="how the run ended was not recorded: run it with `wellfit run`"
            )
        return self._at_the_limit(run, share, "the record breaks off", 0.6)

    def _filled(self, run: Run) -> float | None:
        """The share of the machine's memory that was taken at last."""
        limit = (run.facts.get("machine") or {}).get("memory_limit")
        held = latest(run, "memory")
        return None if not limit or held is None else held / float(limit)

    def _at_the_limit(
        self, run: Run, share: float, ended: str, confidence: float
    ) -> Finding:
        limit = float(run.facts["machine"]["memory_limit"])
        return self.finding(
            f"{ended} after {run.last_step + 1} steps{_batches(run)}, when it held "
            f"{100 * share:.0f} % of the {readable(limit)} of memory that it may use",
            confidence=confidence,
            where=["machine"],
            since=max(run.last_step, 0),
            evidence=_evidence(run, gpu=False),
        )


def _batches(run: Run) -> str:
    size = (run.facts.get("training") or {}).get("batch_size")
    return f", with batches of {size}" if size else ""


def _evidence(run: Run, *, gpu: bool) -> Iterator[Evidence]:
    held = latest(run, "gpu_peak" if gpu else "memory")
    if held is not None:
        text = f"{readable(held)} held when last seen"
        yield Evidence(text=text, value=held)
    states = model_states(run)
    if states:
        text = f"{readable(states)} of parameters, gradients and optimizer states"
        yield Evidence(text=text, value=states)
