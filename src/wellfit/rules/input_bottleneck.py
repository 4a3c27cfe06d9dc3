"""input-bottleneck"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from wellfit.core.finding import Evidence, Finding, NotChecked, Severity
from wellfit.core.run import Run
from wellfit.rules.amounts import per_step, typical
from wellfit.rules.rule import Rule


@dataclass(frozen=True, kw_only=True, slots=True)
class InputBottleneck(Rule):
    """Steps wait for their batches: loading is slower than training.

    ## What it looks at
    The time that a step waits for its batch, against the time from step to step, past
    the first tenth of the run. Beside it the workers that load, and how busy the
    processor's cores are.

    ## Why it hurts
    While a step waits nothing is learnt, and the device that is paid for idles.

    ## Example
    >>> run = Run.of({"train/data_time": [0.08] * 50, "train/step_time": [0.1] * 50},
    ...              facts={"loaders": {"train": {"workers": 0}},
    ...                     "machine": {"cores": 8.0}})
    >>> print(InputBottleneck().check(run).summary)
    80 % of the time steps wait for their batch: 80 of 100 ms, with 0 workers on 8 cores

    ## How it is told from its look-alikes
    Small models on small batches wait a large share of very little: handing a batch
    over takes a fraction of a millisecond by itself, which no worker can save, and a
    run of seconds has nothing to win. On a GPU that is busy all the same, the wait is
    hidden behind its work. A device that idles for another reason is `idle-device`.

    ## What helps
    `more-loader-workers`, up to the cores that there are. Where all cores are busy
    already: cheaper decoding and augmentation, or doing them once and keeping the
    result. Where the disk is what is waited for: fewer, larger files.

    ## When it is wrong
    Batches that come from something that must be waited for: a simulation, a queue.

    ## References
    Mohan et al. (2021), Analyzing and mitigating data stalls in DNN training. Murray et
    al. (2021), tf.data: a machine learning data processing framework.
    """

    severity: ClassVar = Severity.WARNING
    needs: ClassVar = ("train/data_time", "train/step_time")
    remedies: ClassVar = ("more-loader-workers",)

    share: float = 0.4  # of the time, waited: as much as training itself, nearly. Where
    # loading is well hidden it is below 0.1 (Mohan et al., 2021)
    handing: float = 0.01  # seconds a batch, below which workers win little: handing a
    # batch from process to process takes half a millisecond, and ten times as long on
    # a machine that is busy with other things
    waited: float = 2.0  # seconds in all, below which there is nothing to win
    warm: float = 0.1  # of the steps, left out: workers start, caches fill
    busy: float = 0.7  # of a GPU's time: what is waited for is hidden behind its work
    full: float = 0.9  # of the cores' time: more workers would have to share them

    def check(self, run: Run) -> Finding | NotChecked | None:
        """A finding where the wait is a large part of the time."""
        after = int(self.warm * (run.last_step + 1))
        wait, step = (
            per_step(run, "data_time", after),
            per_step(run, "step_time", after),
        )
        if wait is None or step is None or step <= 0:
            return NotChecked(reason="too few steps were timed: train longer")
        loader = (run.facts.get("loaders") or {}).get("train")
        if wait == 0 and not loader:
            return NotChecked(
                reason="its batches come from no DataLoader: how long a "
                "step waits for one was not seen"
            )
        share, whole = wait / step, wait * (run.last_step + 1)
        if share < self.share or wait < self.handing or self._hidden(run, after):
            return None
        if whole < self.waited:
            return NotChecked(
                reason=f"a run of {step * (run.last_step + 1):.2g} s has "
                "nothing to win from faster loading"
            )
        return self.finding(
            f"{100 * min(share, 1):.0f} % of the time steps wait for their batch: "
            f"{1000 * wait:.3g} of {1000 * step:.3g} ms{self._by(run, loader, after)}",
            confidence=0.9 if share > 0.6 else 0.75,
            where=["loader"],
            since=after,
            evidence=self._evidence(run, wait, step, after),
        )

    def _hidden(self, run: Run, after: int) -> bool:
        shares = [typical(s, after) for s in run.at("gpu_share").values()]
        return any(share is not None and share >= self.busy for share in shares)

    def _by(self, run: Run, loader: dict[str, Any] | None, after: int) -> str:
        """Who loads, and whether more could."""
        workers = None if loader is None else loader.get("workers")
        cores = (run.facts.get("machine") or {}).get("cores")
        if workers is None or cores is None:
            return ""
        used = typical(run.get("cpu_share"), after)
        said = f", with {workers} workers on {cores:g} cores"
        if used is None:
            return said
        idle = max(cores * (1 - used), 0.0)
        if used >= self.full:
            return f"{said}, which are all busy"
        return f"{said}, of which {idle:.2g} are idle"

    def _evidence(
        self, run: Run, wait: float, step: float, after: int
    ) -> Iterator[Evidence]:
        yield Evidence(
            text="seconds a step waited for its batch",
            signal="train/data_time",
            value=wait,
        )
        yield Evidence(
            text="seconds from step to step", signal="train/step_time", value=step
        )
        for name, text in (
            ("cpu_share", "share of the cores that were busy"),
            ("disk_wait", "share of the time that a disk was waited for"),
        ):
            value = typical(run.get(name), after)
            if value is not None:
                yield Evidence(text=text, signal=f"train/{name}", value=value)
