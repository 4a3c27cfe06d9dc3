"""frozen-parameters"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from wellfit.core.finding import Evidence, Finding, NotChecked, Severity
from wellfit.core.run import Run, Signal
from wellfit.rules import harm, layers, results
from wellfit.rules.rule import Rule

WHY = {
    "outside": "are no part of the model, as its parameters() has it, and in no "
    "optimizer",
    "left": "are in no optimizer",
    "cut": "never get a gradient",
    "zero": "get a gradient of exactly zero",
    "rate": "have a learning rate of zero",
    "off": "are held fixed (requires_grad is off)",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Still:
    """A layer whose weights do not move: why, and where it stands.

    `drawn`: its weights are as random numbers are drawn, not as training leaves them.
    `leads`: every layer before it is still too, as those of a frozen body are.
    """

    name: str
    why: str
    drawn: bool
    leads: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class FrozenParameters(Rule):
    """Parameters that should learn never move: they keep their random first values.

    ## What it looks at
    Which parameters are in no optimizer, have `requires_grad` off, never had a gradient
    or only zeros in all looks, or a learning rate of zero; whether their values are as
    random numbers are drawn (evenly, as PyTorch does); whether they lead the network,
    as a frozen body does; and what the run has reached.

    ## Why it hurts
    A layer that does not learn throws away what the layers behind it would need. The
    rest may make up for a part of it, so that the loss falls and nobody looks.

    ## Example
    >>> names = ["body.0", "body.2", "head"]
    >>> facts = {
    ...     "model": {"layers": [{"name": n, "kind": "Linear", "parameters": 90,
    ...                           "tensors": [f"{n}.weight"], "sizes": [90]}
    ...                          for n in names], "frozen": []},
    ...     "loop": {"unstepped": ["body.0.weight", "body.2.weight"]},
    ...     "start": {"drawn": ["body.0.weight", "body.2.weight"]},
    ...     "objective": {"trivial": {"accuracy": 0.1}},
    ...     "reference": {"metric": "accuracy", "value": 0.95, "trivial": 0.1,
    ...                   "rows": 1000}}
    >>> run = Run.of({"val/accuracy": [0.3] * 4}, facts=facts)
    >>> print(FrozenParameters().check(run).summary)
    2 of 3 layers with weights do not learn: they are in no optimizer (body.0 and 1
    more)

    ## How it is told from its look-alikes
    A trained body that is frozen while a head learns, or an adapter, is meant to stand
    still: what leads the network or is no longer as it was drawn counts only where the
    run falls short, and then as a note. So do random features that work. Layers that
    are never called are merely unused. Rows of an embedding that never come up, and
    tied weights, are no parameters of their own. Where units are dead or all weights
    began alike, zero gradients are those rules' to explain.

    ## What helps
    `unfreeze-parameters`: give the optimizer `model.parameters()` once the model is
    complete, keep layers in an `nn.ModuleList`, and look for `detach()`, `no_grad()` or
    `round()` between these layers and the loss.

    ## When it is wrong
    Random layers on purpose, in a model that falls short for another reason.

    ## References
    Zhang et al. (2020), An empirical study on program failures of deep learning jobs;
    Rahimi and Recht (2007), Random features for large-scale kernel machines, for layers
    that are random and work.
    """

    severity: ClassVar = Severity.WARNING
    needs: ClassVar = ("facts:model",)
    remedies: ClassVar = ("unfreeze-parameters",)

    looks: int = 3  # without any movement, after which a layer counts as still

    def check(self, run: Run) -> Finding | NotChecked | None:
        """A finding where layers that should learn do not."""
        loop = run.facts.get("loop", {})
        if not run.at("grad_norm") and "unstepped" not in loop:
            return NotChecked(
                reason="neither optimizers nor gradients were looked at: watch the "
                "training itself, with `wellfit run`"
            )
        if loop.get("cleared"):
            return None  # nothing moves, for a reason of its own
        found = list(self._still(run))
        mistaken = [s for s in found if s.why == "outside" or _odd(s)]
        if mistaken:
            lost = harm.short_of(run, 1.0)
            done = lost is False and harm.nearly_perfect(run)
            return self._said(
                run,
                _of_a_kind(found, mistaken),
                Severity.NOTE if done else self.severity,
                0.95 if lost else 0.75,
            )
        lost = harm.short_of(run)
        if not found or lost is False:
            return None
        suspect = [s for s in found if s.drawn]
        severity = self.severity if lost and suspect else Severity.NOTE
        sure = 0.9 if lost and suspect else 0.4
        kind = _of_a_kind(found, suspect or found)
        return self._said(run, kind, severity, sure)

    def _still(self, run: Run) -> Iterator[Still]:
        """Layers with weights that do not move, in forward order."""
        drawn = set((run.facts.get("start") or {}).get("drawn", ()))
        why = self._reasons(run)
        leads = True
        for layer in _weighted(run):
            largest = _largest(layer)
            if largest not in why:
                leads = False
            elif why[largest] in ("zero", "rate") or _called(run, layer["name"]):
                yield Still(
                    name=layer["name"],
                    why=why[largest],
                    drawn=largest in drawn,
                    leads=leads,
                )
        known = {t for layer in _layers(run) for t in layer["tensors"]}
        for name in run.facts.get("loop", {}).get("unstepped", ()):
            if "#" in name and name not in known and name.endswith("weight"):
                yield Still(name=name, why="outside", drawn=name in drawn, leads=False)

    def _reasons(self, run: Run) -> dict[str, str]:
        """Tensor → why it does not move."""
        loop = run.facts.get("loop", {})
        gradients, ratios = run.at("grad_norm"), run.at("update_ratio")
        moved = {t for t, s in ratios.items() if (s.values > 0).any()}
        # By hand, too, as a codebook is that follows what is assigned to it.
        moved |= {t for t, s in run.at("weight_norm").items() if np.ptp(s.values) > 0}
        graded = {t for t, s in gradients.items() if (s.values > 0).any()}
        found = dict.fromkeys(self._zeros(run, gradients), "zero")
        found |= dict.fromkeys(self._without_rate(run, ratios, graded), "rate")
        found |= dict.fromkeys(loop.get("ungraded", ()), "cut")
        found |= dict.fromkeys(loop.get("unstepped", ()), "left")
        frozen = run.facts.get("model", {}).get("frozen", ())
        found |= {t: "off" for t in frozen if t not in gradients}
        return {t: why for t, why in found.items() if t not in moved}

    def _zeros(self, run: Run, gradients: Mapping[str, Signal]) -> Iterable[str]:
        """Tensors whose gradient was exactly zero in all looks, for no known reason."""
        constant = (run.facts.get("start") or {}).get("alike")
        if _dead(run, gradients) or constant or results.broke(run):
            return ()
        return [
            t
            for t, s in gradients.items()
            if len(s) >= self.looks and not s.values.any()
        ]

    def _without_rate(
        self, run: Run, ratios: Mapping[str, Signal], graded: set[str]
    ) -> Iterable[str]:
        """Tensors with gradients and no step, where some group's rate is zero."""
        rates = [s for n, s in run.signals.items() if "/learning_rate" in n]
        groups = run.facts.get("optimizer", {}).get("groups", ())
        zero = any(len(s) and not s.values.any() for s in rates)
        if not zero and not any(group.get("lr") == 0 for group in groups):
            return ()
        return [
            t
            for t, s in ratios.items()
            if t in graded and len(s) >= self.looks and not s.values.any()
        ]

    def _said(
        self,
        run: Run,
        found: list[Still],
        severity: Severity,
        confidence: float,
    ) -> Finding:
        first, more, count = found[0], len(found) - 1, len(list(_weighted(run)))
        total = max(count, len(found)) + sum(s.why == "outside" for s in found)
        reasons = list(dict.fromkeys(WHY[s.why] for s in found))
        others = f" and {more} more" if more else ""
        many = "do" if len(found) > 1 else "does"
        return self.finding(
            f"{len(found)} of {total} layers with weights {many} not learn: they "
            f"{' or '.join(reasons)} ({first.name}{others})",
            severity=severity,
            confidence=confidence,
            where=[s.name for s in found],
            since=0,
            evidence=[
                Evidence(
                    text=f"{s.name}: its weights {WHY[s.why]}"
                    + (", and are as they were drawn" if s.drawn else "")
                )
                for s in found
            ],
        )


def _of_a_kind(found: list[Still], chosen: list[Still]) -> list[Still]:
    """All that stand still for the reasons that the chosen ones do."""
    reasons = {s.why for s in chosen}
    return [s for s in found if s.why in reasons]


def _odd(still: Still) -> bool:
    """Whether nobody would do that on purpose.

    Setting `requires_grad` off is said in so many words, and a body that leads may be
    left out of the optimizer as a way to freeze it.
    """
    if not still.drawn or still.why == "off":
        return False
    return not still.leads or still.why in ("cut", "zero", "rate")


def _dead(run: Run, gradients: Mapping[str, Signal]) -> bool:
    """Whether units are dead: nothing but zeros enters some layer, or leaves it.

    Its bias has a gradient then, and its weights have none.
    """
    late = [s.values[-3:].max() for s in run.at("dead_share").values() if len(s)]
    for layer in _layers(run):
        known = [gradients[t].values for t in layer["tensors"] if t in gradients]
        if len(known) == 2 and not known[0].any() and known[1].any():
            return True
    return max(late, default=0.0) > 0.9


def _layers(run: Run) -> Iterable[Mapping[str, Any]]:
    found: Iterable[Mapping[str, Any]] = run.facts.get("model", {}).get("layers", ())
    return found


def _weighted(run: Run) -> Iterator[Mapping[str, Any]]:
    for layer in _layers(run):
        if layer["tensors"] and not layers.normalizes(layer["kind"]):
            yield layer


def _largest(layer: Mapping[str, Any]) -> str:
    """The tensor that the layer is about: its weight matrix."""
    sizes = layer.get("sizes") or [0] * len(layer["tensors"])
    return str(max(zip(sizes, layer["tensors"], strict=False), key=lambda p: p[0])[1])


def _called(run: Run, name: str) -> bool:
    """Whether the layer took part in the forward pass, as far as layers were seen."""
    seen = run.at("activation_mean")
    return not seen or name in seen
