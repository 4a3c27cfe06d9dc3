"""poor-initialization"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from wellfit.core.finding import Evidence, Finding, NotChecked, Severity
from wellfit.core.run import Run, Signal
from wellfit.rules import harm, layers, results
from wellfit.rules.rule import Rule

CROSS = ("cross_entropy", "nll_loss", "binary_cross_entropy_with_logits")


@dataclass(frozen=True, kw_only=True, slots=True)
class PoorInitialization(Rule):
    """The weights begin too large, too small, or all alike, before anything is learnt.

    ## What it looks at
    The weights before the first step: whether all of a layer have one value, and, where
    so, whether its units are still alike at the end; and by how much they multiply the
    scale of what enters (their root mean square by the root of a unit's inputs), layer
    upon layer, which must show in what the layers give in the first looks. And the
    very first loss, in multiples of what guessing would have.

    ## Why it hurts
    Units that begin alike get the same gradient and stay alike: a layer of them is one
    unit. A factor per layer multiplies with depth, until signals drown or overflow, and
    gradients with them. Outputs that begin far too large must first be unlearnt.

    ## Example
    >>> facts = {"start": {"constant": {"0.weight": 0.1, "2.weight": 0.1},
    ...                    "alike": ["0.weight", "2.weight"]}}
    >>> run = Run.of({"grad_norm@0.weight": [1.0] * 3, "grad_norm@2.weight": [1.0] * 3,
    ...               "loss": [1.1] * 30}, facts=facts)
    >>> print(PoorInitialization().check(run).summary)
    all units of 2 layers began alike, and are alike to the end: each layer is worth one
    unit (all weights of 0.weight began at 0.1)

    ## How it is told from its look-alikes
    Residual branches, heads and LoRA's B begin at zero on purpose: their units part
    with the first steps. Weights that are not trained do not count. A net that
    normalises its layers brings any factor back to 1. What enters is told from what is
    drawn: large inputs are `unscaled-inputs`, and only the weights' own factors count
    then. PyTorch's own default loses half of the scale in each ReLU layer, and that
    does no harm. Where the run reaches what can be reached, it is a note.

    ## What helps
    `reinitialize` (He for the ReLU family, Xavier for tanh, never a constant);
    `insert-normalization`, which makes the scale harmless.

    ## When it is wrong
    Layers whose place in the forward pass is not that of their definition, in branches
    of very different scale.

    ## References
    Glorot and Bengio (2010), Understanding the difficulty of training deep feedforward
    neural networks; He et al. (2015), Delving deep into rectifiers; Saxe et al. (2014),
    Exact solutions to the nonlinear dynamics of learning in deep linear networks.
    """

    severity: ClassVar = Severity.CRITICAL
    remedies: ClassVar = ("reinitialize", "insert-normalization")

    grows: float = 2.5  # per layer. Xavier's weights have 1, He's √2, and a gain of 5/3
    # for tanh is the greatest that is taught
    shrinks: float = 0.2  # per layer. PyTorch's default has √(1/3) = 0.58
    together: float = 10.0  # of all layers: below that the first steps make up for it.
    # Of one or two it must be each, and the first loss must show it
    strained: float = (
        10.0  # times the loss of guessing. Healthy nets of bench/trainings
    )
    # begin at 0.8 to 1.6; weighted classes, which are left out, at up to 6
    far: float = 30.0  # times that loss: a good part of the run goes into unlearning
    # it, whatever a simple model reaches
    large: float = 20.0  # scale of the inputs from which on they are at fault

    def check(self, run: Run) -> Finding | NotChecked | None:
        """A finding where the weights began badly and it cost something."""
        started = run.facts.get("start") is not None
        profile = _profile(run)
        if not started and len(profile) < 3 and results.strained(run) is None:
            return NotChecked(
                reason="neither the weights before the first step nor what the first "
                "layers give was looked at: watch the training from its first step"
            )
        return (
            self._alike(run)
            or self._constant(run)
            or self._recurrent(run)
            or self._scaled(run, profile)
            or self._strained(run)
        )

    def _alike(self, run: Run) -> Finding | None:
        """Layers whose units began alike and stayed so, though they were trained."""
        start: dict[str, Any] = run.facts.get("start") or {}
        trained = run.at("grad_norm")
        alike = [n for n in start.get("alike", ()) if n in trained]
        if not alike or run.last_step < 2:
            return None
        several = len(alike) > 1
        first = alike[0]
        value = start["constant"][first]
        return self._found(
            run,
            f"all units of {len(alike)} layer{'s' if several else ''} began alike, and "
            "are alike to the end: each layer is worth one unit (all weights of "
            f"{first} began at {value:.3g})",
            confidence=0.95,
            where=alike,
            evidence=[
                Evidence(
                    text=f"all weights of {name} before the first step",
                    value=start["constant"][name],
                )
                for name in alike
            ],
        )

    def _constant(self, run: Run) -> Finding | None:
        """Every hidden weight matrix began at one value: little passes through them."""
        start: dict[str, Any] = run.facts.get("start") or {}
        constant = start.get("constant", {})
        hidden = _matrices(run)[:-1]
        if len(hidden) < 2 or not all(name in constant for name in hidden):
            return None
        value = constant[hidden[0]]
        return self._found(
            run,
            f"all weights of {len(hidden)} layers began at {value:.3g}: until their "
            "biases have told units apart, each layer is worth one unit",
            confidence=0.85,
            where=hidden,
            evidence=[
                Evidence(
                    text=f"all weights of {name} before the first step",
                    value=constant[name],
                )
                for name in hidden
            ],
        )

    def _recurrent(self, run: Run) -> Finding | None:
        """Weights from state to state that make it grow with every step of time."""
        known: dict[str, float] = (run.facts.get("start") or {}).get("gains", {})
        grown = {n: g for n, g in known.items() if "_hh" in n and g >= self.grows}
        if not grown:
            return None
        name, gain = max(grown.items(), key=lambda item: item[1])
        return self._found(
            run,
            f"the recurrent weights {name} begin at {gain:.2g} times the scale that "
            "keeps a state as it is from one step of time to the next",
            confidence=0.9,
            where=grown,
            evidence=_of_gains(grown),
        )

    def _scaled(self, run: Run, profile: dict[str, float]) -> Finding | None:
        """Weights that make signals grow or shrink by a factor with each layer."""
        gains = _gains(run)
        if not gains or _normalized(run):
            return None
        each = float(np.exp(np.mean(np.log(list(gains.values())))))
        few = len(gains) < 3
        strained = (results.strained(run) or 0.0) >= self.strained
        if few and not (each >= self.together and strained):
            return None
        whole, seen = each ** len(gains), _factor(profile)
        grown = each >= self.grows and whole >= self.together and (few or seen > 1)
        shrunk = each <= self.shrinks and whole <= 1 / self.together and seen < 1
        if not (grown or shrunk):
            return None
        names = list(profile)
        said = f"the weights begin at {each:.2g} times the scale that keeps signals"
        if len(names) > 1:
            said += (
                f" as they are: in the first looks {names[0]} gives "
                f"{profile[names[0]]:.2g}, {names[-1]} {profile[names[-1]]:.2g}"
            )
        else:
            said += " as they are"
        return self._found(
            run,
            said,
            confidence=0.9,
            where=gains,
            evidence=[*_of_gains(gains), *_of_profile(profile)],
        )

    def _strained(self, run: Run) -> Finding | None:
        """A first loss far above that of guessing, from inputs of an ordinary scale."""
        objective = run.facts.get("objective", {})
        strained = results.strained(run)
        if strained is None or not np.isfinite(strained) or strained < self.strained:
            return None
        usual = objective.get("criterion") in CROSS and not objective.get("weighted")
        if not usual or self._large_inputs(run):
            return None
        return self._found(
            run,
            f"the first loss is {strained:.3g} times that of guessing: outputs begin "
            "far too large, though the inputs are not",
            confidence=0.85,
            evidence=[
                Evidence(
                    text="the first loss over that of guessing",
                    signal="train/loss",
                    step=0,
                    value=strained,
                )
            ],
        )

    def _large_inputs(self, run: Run) -> bool:
        inputs = run.facts.get("inputs", {})
        if layers.normalizes(inputs.get("first_layer")):
            return False
        names = ("feature_mean_min", "feature_mean_max", "feature_std_max")
        known = [abs(float(inputs[n])) for n in names if inputs.get(n) is not None]
        known += [abs(float(inputs[n])) for n in ("mean", "std") if not known]
        return max(known, default=0.0) >= self.large

    def _found(
        self,
        run: Run,
        said: str,
        *,
        confidence: float,
        **more: Any,
    ) -> Finding:
        """The finding: a note where the run did as well as can be done."""
        far = (results.strained(run) or 0.0) >= self.far
        lost = True if far and not harm.nearly_perfect(run) else harm.short_of(run)
        severity = self.severity if lost else Severity.WARNING
        return self.finding(
            said,
            severity=Severity.NOTE if lost is False else severity,
            confidence=confidence if lost else 0.6,
            since=0,
            **more,
        )


def _profile(run: Run) -> dict[str, float]:
    """What each layer with a weight matrix gives in the first look: its deviation.

    The last one is left out where three are left: it is often made small on purpose.
    """
    spread, weighted = run.at("activation_std"), dict(_weighted(run))
    found = {
        name: _first(spread[name])
        for name in weighted
        if name in spread and len(spread[name]) and int(spread[name].steps[0]) <= 2
    }
    names = list(found)
    return {n: found[n] for n in (names[:-1] if len(names) > 3 else names)}


def _first(signal: Signal) -> float:
    return float(signal.values[0])


def _weighted(run: Run) -> Iterator[tuple[str, str]]:
    """Layers with weights that are neither tables nor norms, and their kinds."""
    for layer in run.facts.get("model", {}).get("layers", ()):
        kind = layer["kind"]
        plain = kind not in layers.LOOKUPS and not layers.normalizes(kind)
        if layer["tensors"] and plain:
            yield layer["name"], kind


def _normalized(run: Run) -> bool:
    kinds = [layer["kind"] for layer in run.facts.get("model", {}).get("layers", ())]
    return any(layers.normalizes(kind) for kind in kinds)


def _gains(run: Run) -> dict[str, float]:
    """Weight matrix → by how much it multiplies the root mean square of what enters.

    The last layer's is left out: it is often made small on purpose.
    """
    known: dict[str, float] = (run.facts.get("start") or {}).get("gains", {})
    tensors = [t for t in _matrices(run) if known.get(t, 0.0) > 0]
    return {t: float(known[t]) for t in tensors[:-1]}


def _matrices(run: Run) -> list[str]:
    """The weight matrices, in the order of their layers."""
    weighted = dict(_weighted(run))
    return [
        tensor
        for layer in run.facts.get("model", {}).get("layers", ())
        if layer["name"] in weighted and "Transpose" not in layer["kind"]
        for tensor in layer["tensors"]
        if "weight" in tensor
    ]


def _factor(profile: dict[str, float]) -> float:
    """What the last layer gives over what the first gives; 1 where it is not known."""
    scales = list(profile.values())
    if len(scales) < 2 or not np.all(np.isfinite(scales)) or min(scales) <= 0:
        return 1.0
    return scales[-1] / scales[0]


def _of_gains(gains: dict[str, float]) -> Iterator[Evidence]:
    for name, gain in gains.items():
        text = f"root mean square of {name} by the root of its inputs, at the start"
        yield Evidence(text=text, value=gain)


def _of_profile(profile: dict[str, float]) -> Iterator[Evidence]:
    for name, scale in profile.items():
        yield Evidence(
            text=f"standard deviation of what {name} gives, in the first look",
            signal=f"train/activation_std@{name}",
            value=scale,
        )
