"""over-regularized"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from wellfit.core.finding import Evidence, Finding, NotChecked, Severity
from wellfit.core.run import Run, Signal
from wellfit.rules import results, schedules
from wellfit.rules.rule import Rule


class Hold(NamedTuple):
    """One thing that holds the fit back: in words, and how sure that is."""

    said: str
    sure: float
    evidence: Evidence


@dataclass(frozen=True, kw_only=True, slots=True)
class OverRegularized(Rule):
    """Decay, dropout, clipping, smoothing or a penalty hold the fit back.

    ## What it looks at
    First whether even the training rows are predicted worse than a simple model
    predicts rows that it has not seen. Then what could hold the model back: weight
    decay under which weights shrink, or that pulls nearly as hard as the loss; dropout
    of most units; gradients clipped at nearly every step to a small part of their
    length; smoothed labels; a penalty that outweighs the loss.

    ## Why it hurts
    Regularisation gives up fit for steadiness. Where there is no fit to give up, it is
    all loss: it does what too small a model does.

    ## Example
    >>> facts = {
    ...     "objective": {"task": "classification", "trivial": {"accuracy": 0.1}},
    ...     "reference": {"metric": "accuracy", "value": 0.95, "trivial": 0.1,
    ...                   "model": "forest", "rows": 1000},
    ...     "model": {"layers": [{"name": "drop", "kind": "Dropout", "dropout": 0.9,
    ...                           "tensors": []}]}}
    >>> run = Run.of({"train/accuracy": [0.2] * 6, "val/accuracy": [0.5] * 6},
    ...              facts=facts)
    >>> print(OverRegularized().check(run).summary)
    accuracy ends at 0.5, where a simple model reaches 0.95: dropout takes 90 % of the
    units

    ## How it is told from its look-alikes
    `underfitting` by lack of capacity shows none of these. Strong regularisation that
    helps is left alone: the result is then as good as a simple model's. Good training
    scores with poor validation scores are `overfitting`, of which more of it is the
    cure.

    ## What helps
    `relax-regularization`; `train-longer` where dropout merely slows it down.

    ## When it is wrong
    Models that must be simple, by a rule or for their explanation.

    ## References
    Goodfellow et al. (2016), Deep learning, chapter 7; Srivastava et al. (2014),
    Dropout, for shares of up to a half in hidden layers.
    """

    severity: ClassVar = Severity.WARNING
    remedies: ClassVar = ("relax-regularization", "train-longer")

    share: float = 0.95  # of the simple model's skill: networks that train as they
    # should reach 0.97 and more of it
    withered: float = 0.7  # of the weights' greatest length is left at the end. Initial
    # weights are made to carry signals on, not much longer than they need to be
    pull: float = 0.2  # of the loss's own gradient, or of the whole step where decay is
    # decoupled. At a minimum under decay alone it is all. Healthy runs: up to 0.18
    dropout: float = 0.6  # of a layer's units: above the half of Srivastava et al.
    clipped: float = 0.9  # of the steps, to
    tight: float = 0.1  # of the gradient's usual length, or less
    smoothing: float = 0.3  # of the certainty: three times the usual 0.1
    scaled: float = (
        0.01  # that the penalty's share changes at least: a loss that is only
    )
    # scaled is as much larger at every step
    penalty: float = 0.5  # of the whole objective, at the end

    def check(self, run: Run) -> Finding | NotChecked | None:
        """A finding where the fit falls short and something holds it back."""
        if results.broke(run):
            return NotChecked(reason=results.BROKEN)
        stands = results.standing(run)
        best = stands.best
        if best is None:
            return NotChecked(reason=results.UNSCORED)
        if stands.reference is None and best.value < results.REACHED:
            return NotChecked(reason=results.NO_REFERENCE)
        if not results.fell_short(run, self.share) or _fits(stands):
            return None
        holds = sorted(self._holds(run), key=lambda hold: -hold.sure)
        if not holds:
            return None
        assert stands.reference is not None
        why = " and ".join(hold.said for hold in holds)
        return self.finding(
            f"{best.metric} ends at {best.score:.3g}, where a simple model reaches "
            f"{stands.reference.score:.3g}: {why}",
            confidence=min(0.95, holds[0].sure + 0.05 * (len(holds) - 1)),
            since=0,
            evidence=[
                best.evidence(f"{best.metric} at the end"),
                *(hold.evidence for hold in holds),
            ],
        )

    def _holds(self, run: Run) -> Iterator[Hold]:
        for look in (
            self._decay,
            self._dropout,
            self._clipping,
            self._smoothing,
            self._penalty,
        ):
            hold = look(run)
            if hold is not None:
                yield hold

    def _decay(self, run: Run) -> Hold | None:
        groups = run.facts.get("optimizer", {}).get("groups", ())
        strengths = [float(group.get("weight_decay") or 0.0) for group in groups]
        strongest = max(strengths, default=0.0)
        left = _left(run)
        if not strongest:
            return None
        decoupled = groups[strengths.index(strongest)].get("decoupled_weight_decay")
        pull = strongest * (_by_step if decoupled else _by_gradient)(run)
        withers = left is not None and left < self.withered
        strong = pull >= self.pull
        if not (withers or strong):
            return None
        text = f"a weight decay of {strongest:.3g} " + (
            f"pulls with {100 * pull:.0f} % of the strength of the "
            + ("whole step" if decoupled else "loss")
            if strong
            else f"has left {100 * (left or 0):.0f} % of the weights' length"
        )
        return Hold(
            said=text,
            sure=0.9 if withers and strong else 0.75 if withers else 0.6,
            evidence=Evidence(text="weight decay", value=strongest),
        )

    def _dropout(self, run: Run) -> Hold | None:
        layers = run.facts.get("model", {}).get("layers", ())
        shares = {layer["name"]: layer.get("dropout") or 0.0 for layer in layers}
        name = max(shares, key=lambda name: shares[name], default="")
        most = shares.get(name, 0.0)
        if most < self.dropout:
            return None
        return Hold(
            said=f"dropout takes {100 * most:.3g} % of the units",
            sure=0.9 if most >= 0.8 else 0.7,
            evidence=Evidence(text=f"dropout of layer {name}", value=most),
        )

    def _clipping(self, run: Run) -> Hold | None:
        clipping, norms = run.facts.get("clipping") or {}, run.get("grad_norm")
        if clipping.get("kind") != "norm" or norms is None:
            return None
        lengths, limit = norms.finite().values, float(clipping.get("limit") or 0.0)
        if len(lengths) < 5 or not limit > 0:
            return None
        share, usual = float(np.mean(lengths > limit)), float(np.median(lengths))
        if share < self.clipped or limit > self.tight * usual:
            return None
        return Hold(
            said=f"{100 * share:.3g} % of the gradients are clipped, from {usual:.2g} "
            f"to {limit:.2g}",
            sure=0.85,
            evidence=Evidence(
                text="gradient norm before clipping, the median",
                signal="train/grad_norm",
                step=int(norms.steps[-1]),
                value=usual,
            ),
        )

    def _smoothing(self, run: Run) -> Hold | None:
        smooth = float(run.facts.get("objective", {}).get("label_smoothing") or 0.0)
        if smooth < self.smoothing:
            return None
        return Hold(
            said=f"labels are smoothed by {smooth:.2g}",
            sure=0.6,
            evidence=Evidence(text="label smoothing", value=smooth),
        )

    def _penalty(self, run: Run) -> Hold | None:
        whole, loss = run.get("train/objective"), run.get("train/loss")
        if whole is None or loss is None or "loss_scale" in run:
            return None
        steps, first, second = np.intersect1d(
            whole.steps, loss.steps, return_indices=True
        )
        if len(steps) < 2:
            return None
        wholes, losses = whole.values[first], loss.values[second]
        shares = (wholes - losses) / np.where(wholes > 0, wholes, np.inf)
        if np.ptp(shares) < self.scaled:
            return None  # the loss itself, times a number
        share = float(np.median(shares[-max(1, len(shares) // 4) :]))
        last = float(wholes[-1])
        left = _left(run)
        # A penalty that has won leaves weights so short that it is small itself.
        shrunk = left is not None and left < self.withered and share >= self.penalty / 3
        if share < self.penalty and not shrunk:
            return None
        return Hold(
            said=f"penalties are {100 * share:.0f} % of what is minimised"
            + (f" and have left {100 * left:.0f} % of the weights" if left else ""),
            sure=0.8,
            evidence=Evidence(
                text="loss and penalties at the end",
                signal="train/objective",
                step=int(steps[-1]),
                value=last,
            ),
        )


def _fits(stands: results.Standing) -> bool:
    """Whether the training rows are predicted well: then nothing holds the fit back."""
    if stands.train is None or stands.reference is None:
        return False
    return stands.train.value >= stands.reference.value - stands.train.error


def _left(run: Run) -> float | None:
    """The weights' length at the end over the greatest that it was."""
    weights = run.get("weight_norm")
    if weights is None or len(weights := weights.finite()) < 2:
        return None
    most = float(weights.values.max())
    return weights.last / most if most > 0 else None


def _by_gradient(run: Run) -> float:
    """The weights' length over that of the loss's gradient, late in the run."""
    weights, gradient = _late(run.get("weight_norm")), _late(run.get("grad_norm"))
    return weights / gradient if weights and gradient else 0.0


def _by_step(run: Run) -> float:
    """The rate over a step's length, in lengths of the weights, late in the run."""
    strides = run.get("update_ratio")
    if strides is None or not len(strides := strides.finite()):
        return 0.0
    rates = schedules.rates(run, strides.steps)
    if rates is None:
        return 0.0
    shares = rates / np.where(strides.values > 0, strides.values, np.inf)
    return float(np.median(shares[-max(3, len(shares) // 4) :]))


def _late(signal: Signal | None) -> float | None:
    if signal is None or not len(known := signal.finite()):
        return None
    return float(np.median(known.values[-max(3, len(known) // 4) :]))
