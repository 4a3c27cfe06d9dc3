"""mode-mixup"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from wellfit.core.finding import Evidence, Finding, NotChecked, Severity
from wellfit.core.run import Run
from wellfit.rules import harm
from wellfit.rules.rule import Rule

FAMILIES = ("dropout", "norm")
WORDS = {
    "dropout": "{n} layer{s} with dropout",
    "norm": "{n} layer{s} of batch norm",
}


class Stretch(NamedTuple):
    """A phase's mode, from a step on: the share of layers in `train()`."""

    step: int
    share: float


@dataclass(frozen=True, kw_only=True, slots=True)
class ModeMixup(Rule):
    """The model is evaluated as if it were trained, or trained as if evaluated.

    ## What it looks at
    The mode in which the model and its dropout and batch-norm layers were found, at the
    steps looked at and in each evaluation, and at which step it changed.

    ## Why it hurts
    With dropout on, an evaluation scores a crippled model; with batch norm in
    `train()`, a prediction depends on the other rows of its batch, and validation rows
    leak into the statistics. Trained in `eval()`, dropout does nothing and batch norm
    keeps statistics of weights that are long gone.

    ## Example
    >>> modes = {"train": [[0, 1.0]], "val": [[40, 1.0]]}
    >>> switches = {"model": {"layers": 1, "modes": modes},
    ...             "dropout": {"layers": 2, "modes": modes}}
    >>> run = Run.of(facts={"loop": {"switches": switches}})
    >>> print(ModeMixup().check(run).summary)
    val data are evaluated in train() mode: 2 layers with dropout are at work in it

    ## How it is told from its look-alikes
    Without dropout or batch norm the mode does not matter, and nothing is said. Dropout
    alone in `train()`, in a model that is in `eval()`, or many passes over each batch,
    are Monte-Carlo dropout on purpose; norms alone in `eval()`, in a model that is in
    `train()`, are frozen for fine-tuning. A model of which both modes were seen in
    evaluations has its reasons. Training in `eval()` is a warning where the run ends
    short of what can be had, or overfits, and a note where it lost nothing.

    ## What helps
    `fix-modes`: `model.train()` at the start of each epoch, `model.eval()` before each
    evaluation.

    ## When it is wrong
    Evaluations that normalise by their own batch on purpose, as some generators do.

    ## References
    Srivastava et al. (2014), Dropout; Ioffe and Szegedy (2015), Batch normalization;
    Gal and Ghahramani (2016), Dropout as a Bayesian approximation.
    """

    severity: ClassVar = Severity.WARNING
    needs: ClassVar = ("facts:loop",)
    remedies: ClassVar = ("fix-modes",)

    part: float = 0.5  # of the training, in eval(), from which on it counts
    pretrained: int = 100  # batches that a norm has seen before: it was trained already

    def check(self, run: Run) -> Finding | NotChecked | None:
        """A finding where the mode is not that of what is done."""
        switches = run.facts["loop"].get("switches")
        if not switches or "model" not in switches:
            return NotChecked(
                reason="the modes of the layers were not seen: record the run anew"
            )
        if not any(family in switches for family in FAMILIES):
            return None  # nothing depends on the mode
        found = self._evaluated(switches) or self._trained(run, switches)
        seen = switches["model"]["modes"]
        if found is None and not ("val" in seen or "test" in seen):
            return NotChecked(
                reason="no evaluation was seen: one that computes the loss would be"
            )
        return found

    def _evaluated(self, switches: Mapping[str, Any]) -> Finding | None:
        """Evaluations in `train()`."""
        if switches.get("repeated"):
            return None
        for phase in ("val", "test"):
            modes = _modes(switches, "model", phase)
            at_work = {
                family: switches[family]["layers"]
                for family in FAMILIES
                if any(s.share > 0 for s in _modes(switches, family, phase))
            }
            if modes and at_work and all(s.share == 1 for s in modes):
                return self._said(phase, modes[0].step, at_work, switches)
        return None

    def _said(
        self,
        phase: str,
        since: int,
        at_work: Mapping[str, int],
        switches: Mapping[str, Any],
    ) -> Finding:
        several = sum(at_work.values()) > 1
        return self.finding(
            f"{phase} data are evaluated in train() mode: {_layers(at_work)} "
            f"{'are' if several else 'is'} at work in it",
            confidence=0.95 if "dropout" in at_work else 0.8,
            since=since,
            evidence=_evidence(switches, phase),
        )

    def _trained(self, run: Run, switches: Mapping[str, Any]) -> Finding | None:
        """Training in `eval()`, from the first or from some later step on."""
        modes = _modes(switches, "model", "train")
        idle = {
            family: switches[family]["layers"]
            for family in FAMILIES
            if (found := _modes(switches, family, "train")) and found[-1].share == 0
        }
        if not idle or not modes or modes[-1].share == 1:
            return None
        since, end = modes[-1].step, max(run.last_step, 1)
        if end - since < self.part * end:
            return None
        before = switches.get("norm", {}).get("tracked", 0)
        if len(modes) == 1 and "dropout" not in idle and before >= self.pretrained:
            return None  # a pre-trained net, whose norms are left as they are
        lost = harm.turned(run) or harm.short_of(run)
        left = f"left in eval() mode from step {since:,} on"
        how = (
            left if len(modes) > 1 else f"trained in eval() mode, all {end + 1:,} steps"
        )
        several = sum(idle.values()) > 1
        return self.finding(
            f"the model is {how}: {_layers(idle)} {'do' if several else 'does'} "
            "nothing",
            severity=self.severity if lost else Severity.NOTE,
            confidence=0.95 if lost and len(modes) > 1 else 0.85,
            since=since if len(modes) > 1 else 0,
            evidence=_evidence(switches, "train"),
        )


def _modes(switches: Mapping[str, Any], family: str, phase: str) -> list[Stretch]:
    said = switches.get(family, {}).get("modes", {}).get(phase, ())
    return [Stretch(int(step), float(share)) for step, share in said]


def _layers(found: Mapping[str, int]) -> str:
    return " and ".join(
        WORDS[family].format(n=n, s="s" if n > 1 else "") for family, n in found.items()
    )


def _evidence(switches: Mapping[str, Any], phase: str) -> Iterator[Evidence]:
    for family in ("model", *FAMILIES):
        for step, share in _modes(switches, family, phase):
            what = "the model" if family == "model" else f"the {family} layers"
            text = f"{what} in {phase}: this share in train() mode, from this step on"
            yield Evidence(text=text, step=step, value=share)
