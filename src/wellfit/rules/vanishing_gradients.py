"""vanishing-gradients"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from wellfit.core.finding import Evidence, Finding, NotChecked, Severity
from wellfit.core.run import Run
from wellfit.rules import layers, results
from wellfit.rules.rule import Rule


@dataclass(frozen=True, kw_only=True, slots=True)
class VanishingGradients(Rule):
    """The gradient dies on its way back: the first layers are hardly told anything.

    ## What it looks at
    The gradient of each weight matrix, as a root mean square over its elements, so
    that large and small layers compare. The strongest of the first third of the layers
    is set against the strongest of the last third, in the median over the looks of
    the first half of the training, and of the second half.

    ## Why it hurts
    What the first layers throw away, no later layer can bring back. They stay as they
    were initialised, and the loss stalls near that of guessing.

    ## Example
    >>> names = ["0.weight", "1.weight", "2.weight"]
    >>> facts = {"model": {"layers": [
    ...     {"name": n[0], "kind": "Linear", "parameters": 64, "tensors": [n]}
    ...     for n in names]}}
    >>> weights = {f"weight_norm@{n}": [1.0] * 4 for n in names}
    >>> sizes = zip(names, [1e-8, 1e-5, 1e-2])
    >>> gradients = {f"grad_norm@{n}": [g] * 4 for n, g in sizes}
    >>> run = Run.of({**weights, **gradients}, facts=facts)
    >>> print(VanishingGradients().check(run).summary)
    the gradient shrinks 1,000,000 times from the last layers to the first (0)

    ## How it is told from its look-alikes
    Small gradients everywhere at the end are success, or a plateau: only layers
    against each other count. Embeddings (rows mostly without a gradient),
    normalisation and biases are left out, frozen layers have none to look at. Where
    the network does what can be done all the same, for Adam makes up for small
    gradients, it is a note, and so it is where decay has shrunk all weights. A layer
    whose units are dead passes exactly nothing: that is `dead-units`. Before weights
    that begin at zero, LoRA's B or the last of a residual branch, there is no gradient
    until these have grown: such layers do not count in the first half.

    ## What helps
    `swap-activations` (the ReLU family), `insert-normalization`, `add-skips`,
    `reinitialize`; `gate-recurrence` in recurrent networks.

    ## When it is wrong
    Layers that are meant to learn slowly, with a scale of their own on the way back.

    ## References
    Hochreiter (1991); Bengio et al. (1994), Learning long-term dependencies with
    gradient descent is difficult; Glorot and Bengio (2010), Understanding the
    difficulty of training deep feedforward neural networks.
    """

    severity: ClassVar = Severity.CRITICAL
    needs: ClassVar = ("grad_norm@*", "weight_norm@*", "facts:model")
    remedies: ClassVar = (
        "swap-activations",
        "insert-normalization",
        "reinitialize",
        "add-skips",
        "gate-recurrence",
    )

    ratio: float = 1e-3  # first third against last. The slope of a sigmoid is at most
    # 1/4: five layers of them. Healthy networks of bench/trainings: 0.05 and up
    stuck_ratio: float = 1e-2  # where the model also does no better than guessing

    def check(self, run: Run) -> Finding | NotChecked | None:
        """A finding where the first layers get next to no gradient."""
        flow = layers.flow(run)
        if flow is None:
            return NotChecked(
                reason="fewer than 3 layers with weights were looked at, twice each: "
                "in fewer nothing can vanish"
            )
        open_ = ~_behind_zeros(run, flow.layers)  # what the gradient can reach
        known = flow.early[open_] if open_.sum() >= 3 else flow.early[:0]
        early, late = layers.through(known), layers.through(flow.late)
        stands = results.standing(run)
        bar = self.stuck_ratio if stands.guesses else self.ratio
        if 0 < early <= bar:
            worst, since = early, 0
        elif 0 < late <= bar and not results.broke(run):
            worst, since = late, None
        else:
            return None
        decayed, reached = results.withered(run), stands.reached()
        severity = Severity.WARNING if reached else self.severity
        if decayed or stands.reached(1.0):
            severity = Severity.NOTE
        return self.finding(
            f"the gradient shrinks {1 / worst:,.0f} times from the last layers to the "
            f"first ({flow.layers[0]})",
            severity=severity,
            confidence=0.4 if decayed else 0.95 if worst < 0.1 * bar else 0.8,
            where=flow.layers[: max(1, len(flow.layers) // 3)],
            since=since,
            evidence=[
                Evidence(
                    text=f"root mean square of the gradient in {name}", value=float(v)
                )
                for name, v in zip(flow.layers, flow.early, strict=True)
            ],
        )


def _behind_zeros(run: Run, names: Sequence[str]) -> NDArray[np.bool_]:
    """Which layers are followed by one whose weights all began at zero."""
    weights = run.at("weight_norm")
    zero = {
        layer["name"]
        for layer in run.facts["model"].get("layers", ())
        for tensor in layer["tensors"]
        if tensor in weights and len(weights[tensor]) and weights[tensor].values[0] == 0
    }
    return np.array([after in zero for after in [*names[1:], ""]], dtype=np.bool_)
