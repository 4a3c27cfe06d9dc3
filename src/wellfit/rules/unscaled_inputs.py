"""unscaled-inputs"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from wellfit.core.finding import Evidence, Finding, NotChecked, Severity
from wellfit.core.run import Run
from wellfit.rules import layers, results
from wellfit.rules.lacking import lacking
from wellfit.rules.rule import Rule


@dataclass(frozen=True, kw_only=True, slots=True)
class UnscaledInputs(Rule):
    """Inputs are far from the scale of 1 that initial weights are made for.

    ## What it looks at
    The largest mean and standard deviation among the features that enter the model,
    the class of its first layer, the loss before the first step against that of
    guessing, and how the run ended.

    ## Why it hurts
    Initialisation keeps the scale of what comes in. From inputs in the thousands come
    first outputs in the hundreds, gradients to match, dead or saturated units, and a
    learning rate that is too high for some weights and too low for others.

    ## Example
    >>> facts = {
    ...     "inputs": {"feature_mean_min": 0.1, "feature_mean_max": 2000.0,
    ...                "feature_std_min": 0.3, "feature_std_max": 900.0,
    ...                "first_layer": "Linear"},
    ...     "objective": {"trivial": {"loss": 0.69, "accuracy": 0.5}}}
    >>> run = Run.of(loss=[53.0, 40.0, 12.0], facts=facts)
    >>> print(UnscaledInputs().check(run).summary)
    inputs are as large as 2e+03 (a feature's mean or standard deviation); the first
    loss was 77 times that of guessing

    ## How it is told from its look-alikes
    A first layer that normalises makes the scale harmless. Features of a small scale
    beside ordinary ones, pixels at the border say, do no harm. Inputs of a moderate
    scale in a run that does what can be done are a note, or nothing; and so are columns
    of data that nothing was trained on, for trees do not mind.

    ## What helps
    `standardize-inputs`; `insert-normalization` before the first layer.

    ## When it is wrong
    Features that are large on purpose, of a layer that expects them so.

    ## References
    LeCun et al. (1998), Efficient backprop, section 4.3; Glorot and Bengio (2010), for
    what initialisation assumes.
    """

    severity: ClassVar = Severity.WARNING
    remedies: ClassVar = ("standardize-inputs", "insert-normalization")

    large: float = 20.0  # where harm is seen: digits of 0 to 16 train as well as scaled
    huge: float = 100.0  # where harm is likely: pixels of 0 to 255 have means up to 160
    tiny: float = 0.01  # the largest scale of all features: nothing comes through
    strained: float = 10.0  # times the loss of guessing, before the first step

    def check(self, run: Run) -> Finding | NotChecked | None:
        """A finding where inputs are far too large or too small."""
        inputs = run.facts.get("inputs")
        if not inputs:
            return self._untrained(run)
        if not str(inputs.get("dtype", "float")).startswith(("float", "bfloat")):
            return NotChecked(
                reason="the inputs are no floating-point numbers: it is about those"
            )
        if "first_layer" not in inputs:
            return NotChecked(
                reason="what enters the model was not looked at: pass inputs as its "
                "first argument"
            )
        scale = max(
            abs(inputs.get("feature_mean_min") or 0.0),
            abs(inputs.get("feature_mean_max") or 0.0),
            inputs.get("feature_std_max") or 0.0,
        )
        usual = scale == 0 or self.tiny <= scale < self.large
        if usual or layers.normalizes(inputs.get("first_layer")):
            return None
        strained = results.strained(run) or 0.0
        harmed = strained >= self.strained or results.fell_short(run)
        if not harmed and scale < self.huge:
            return None
        small = scale < self.tiny
        said = (
            f"inputs are {'no larger than' if small else 'as large as'} {scale:.3g} (a "
            "feature's mean or standard deviation)"
        )
        if strained >= self.strained:
            said += f"; the first loss was {strained:.2g} times that of guessing"
        return self.finding(
            said,
            severity=self.severity if harmed else Severity.NOTE,
            confidence=self._weighed(scale, strained) if harmed else 0.5,
            since=0,
            evidence=[
                Evidence(text=name.replace("_", " "), value=float(inputs[name]))
                for name in ("feature_mean_max", "feature_std_max", "feature_std_min")
                if inputs.get(name) is not None
            ],
        )

    def _untrained(self, run: Run) -> Finding | NotChecked | None:
        """Of data that nothing was trained on: a note, for many models do not mind."""
        columns = run.facts.get("data", {}).get("columns", ())
        if run.signals or not columns:
            return NotChecked(reason=lacking(run, ["facts:inputs"]))
        scales = {str(c["name"]): _scale(c) for c in columns if c.get("std")}
        if not scales:
            return NotChecked(reason="no columns of numbers are known")
        largest = max(scales, key=lambda name: scales[name])
        if scales[largest] < self.huge:
            return None
        return self.finding(
            f"{largest} is as large as {scales[largest]:.3g} (its mean or standard "
            "deviation): networks, nearest neighbours and penalties need it scaled",
            severity=Severity.NOTE,
            confidence=0.5,
            where=[n for n, scale in scales.items() if scale >= self.huge],
            evidence=[Evidence(text=f"scale of {largest}", value=scales[largest])],
        )

    def _weighed(self, scale: float, strained: float) -> float:
        if strained >= self.strained:
            return 0.95
        return 0.9 if scale >= 10 * self.huge else 0.8 if scale >= self.huge else 0.65


def _scale(column: Mapping[str, Any]) -> float:
    if column.get("kind") != "number":
        return 0.0
    return max(abs(float(column.get("mean") or 0.0)), float(column["std"]))
