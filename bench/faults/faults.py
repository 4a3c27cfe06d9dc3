"""The faults: each is a mistake that people make, at several strengths.

An injector turns a healthy setting into one with the fault. Where a mistake needs
something of the training (batches that are normalised, a loss for classes), `fits` says
so, and elsewhere it is not made. `OPERATORS` maps the mutation operators of DeepCrime
(Humbatova, Jahangirova, Tonella, ISSTA 2021) to ours.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from bench.faults.setting import Setting

Inject = Callable[[Setting, float], Setting]


@dataclass(frozen=True, kw_only=True, slots=True)
class Traits:
    """What is known of a base, and what a fault may ask for."""

    family: str  # dense, convolutional, recurrent, attention, trees
    task: str  # binary, classes, multilabel, regression, sequence, autoencoding
    inputs: str  # table, image, series, tokens

    @property
    def net(self) -> bool:
        """Whether it is trained by gradients, in PyTorch."""
        return self.family != "trees"

    @property
    def labels(self) -> bool:
        """Whether rows belong to classes, one each."""
        return self.task in ("binary", "classes")

    @property
    def numbers(self) -> bool:
        """Whether its inputs are numbers, rather than tokens."""
        return self.inputs != "tokens"

    @property
    def table(self) -> bool:
        """Whether its inputs are columns that mean something each."""
        return self.inputs == "table"


Fits = Callable[[Traits, Setting], bool]


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """A mistake. `yardstick` is what tells that it costs something:

    `score` (the honest score falls), or `overstated` (the score that the training
    itself shows is better than the honest one).
    """

    name: str
    strengths: tuple[float, ...]  # from weak to strong
    inject: Inject
    fits: Fits
    yardstick: str = "score"


def net(traits: Traits, _: Setting) -> bool:
    return traits.net


def anywhere(traits: Traits, _: Setting) -> bool:
    return traits.task != "autoencoding"


def feed_forward(traits: Traits, _: Setting) -> bool:
    return traits.family in ("dense", "convolutional")


def plain(traits: Traits, s: Setting) -> bool:
    """Layers upon layers, with nothing that repairs what one of them does."""
    return feed_forward(traits, s) and s.norm == "none" and not s.residual


def classes(traits: Traits, _: Setting) -> bool:
    return traits.net and traits.task == "classes"


def bits(traits: Traits, _: Setting) -> bool:
    return traits.net and traits.task in ("binary", "multilabel")


def regression(traits: Traits, _: Setting) -> bool:
    return traits.net and traits.task == "regression"


def labelled(traits: Traits, _: Setting) -> bool:
    return traits.labels


def numbers(traits: Traits, _: Setting) -> bool:
    return traits.net and traits.numbers


def table(traits: Traits, _: Setting) -> bool:
    return traits.table and traits.task != "autoencoding"


def table_net(traits: Traits, _: Setting) -> bool:
    return traits.net and traits.table


def unnormalised_table(traits: Traits, s: Setting) -> bool:
    return traits.net and traits.table and s.norm == "none"


def moods(traits: Traits, s: Setting) -> bool:
    """Whether training and evaluation differ."""
    return traits.net and (s.norm == "batch" or s.dropout > 0)


def with_sgd(traits: Traits, s: Setting) -> bool:
    return traits.net and s.optimizer == "sgd"


def with_adam(traits: Traits, s: Setting) -> bool:
    return traits.net and s.optimizer in ("adam", "adamw")


def uneasy(traits: Traits, s: Setting) -> bool:
    """Whether the size of a gradient tells: it does not behind Adam's division."""
    return traits.net and s.optimizer in ("sgd", "rmsprop")


def recurrent(traits: Traits, _: Setting) -> bool:
    return traits.family == "recurrent"


def trees(traits: Traits, _: Setting) -> bool:
    return traits.family == "trees"


def boosted(traits: Traits, s: Setting) -> bool:
    return traits.net or s.optimizer == "boosting"


def spoilt(what: str) -> Inject:
    """Something is wrong with the data."""
    return lambda s, amount: replace(s, spoil=what, amount=amount)


def _capacity_huge(s: Setting, k: float) -> Setting:
    rows = max(60, int(s.rows / k))
    return replace(
        s,
        rows=rows,
        width=int(s.width * k),
        leaves=255,
        dropout=0.0,
        decay=0.0,
        augment=0.0,
        lean=0.0,
        patience=0,
        epochs=_as_many_steps(s, rows),
    )


def _as_many_steps(s: Setting, rows: int) -> int:
    """The epochs after which as many rows have been seen as before."""
    return int(s.epochs * s.rows / rows)


def _too_little(s: Setting, k: float) -> Setting:
    rows = max(20, int(s.rows / k))
    return replace(s, rows=rows, epochs=_as_many_steps(s, rows), patience=0)


def _too_long(s: Setting, k: float) -> Setting:
    rows = max(60, s.rows // 5)
    return replace(
        s,
        rows=rows,
        epochs=int(s.epochs * k),
        patience=0,
        dropout=0.0,
        decay=0.0,
        schedule="none",
    )


def _shorter(s: Setting, k: float) -> Setting:
    return replace(s, epochs=max(1, int(s.epochs / k)), patience=0)


def _deep(activation: str) -> Inject:
    return lambda s, layers: replace(s, activation=activation, depth=int(layers))


def _tiny(s: Setting, width: float) -> Setting:
    return replace(
        s, width=int(width), depth=1, leaves=2, epochs=min(s.epochs, int(30 * width))
    )


def _whole_batch(s: Setting, share: float) -> Setting:
    return replace(s, batch=max(s.batch, int(s.rows * share)))


def _one_a_batch(s: Setting, size: float) -> Setting:
    epochs = max(2, int(s.epochs * size / s.batch * 3))
    return replace(s, batch=int(size), accumulation=1, epochs=min(s.epochs, epochs))


def _swap_sgd(s: Setting, momentum: float) -> Setting:
    return replace(s, optimizer="sgd", momentum=momentum)


def _swap_adam(s: Setting, share: float) -> Setting:
    return replace(s, optimizer="adam", rate=max(0.05, s.rate * share), clip=0.0)


def _regress_classes(s: Setting, _: float) -> Setting:
    return replace(s, loss="mse_index", smoothing=0.0)


F = Fault
ALL = (
    # rates, and what acts like them
    F(
        name="rate-high",
        strengths=(10, 30, 100, 1000),
        fits=net,
        inject=lambda s, k: replace(s, rate=s.rate * k),
    ),
    F(
        name="rate-low",
        strengths=(10, 30, 100, 1000),
        fits=boosted,
        inject=lambda s, k: replace(s, rate=s.rate / k),
    ),
    F(
        name="schedule-dies-early",
        strengths=(0.97, 0.9, 0.5),
        fits=net,
        inject=lambda s, g: replace(s, schedule="by-batch", gamma=g),
    ),
    F(
        name="endless-warm-up",
        strengths=(20, 100, 1000),
        fits=net,
        inject=lambda s, k: replace(s, schedule="endless-warm-up", gamma=k),
    ),
    F(
        name="restarts-hot",
        strengths=(10, 30, 100),
        fits=net,
        inject=lambda s, k: replace(s, schedule="restarts", gamma=k),
    ),
    F(
        name="momentum-extreme",
        strengths=(0.99, 0.999),
        fits=with_sgd,
        inject=lambda s, m: replace(s, momentum=m),
    ),
    F(
        name="loss-summed",
        strengths=(1,),
        fits=uneasy,
        inject=lambda s, _: replace(s, reduction="sum"),
    ),
    F(
        name="accumulation-summed",
        strengths=(8, 32),
        fits=with_sgd,
        inject=lambda s, k: replace(s, accumulation=int(k), reduction="accumulated"),
    ),
    F(
        name="optimizer-sgd-kept-rate",
        strengths=(0.9, 0),
        fits=with_adam,
        inject=_swap_sgd,
    ),
    F(
        name="optimizer-adam-kept-rate",
        strengths=(1, 3),
        fits=with_sgd,
        inject=_swap_adam,
    ),
    F(
        name="clipping-tight",
        strengths=(1e-2, 1e-3, 1e-4),
        fits=uneasy,
        inject=lambda s, c: replace(s, clip=c),
    ),
    F(name="batch-tiny", strengths=(2, 1), fits=net, inject=_one_a_batch),
    F(name="batch-whole", strengths=(0.5, 1.0), fits=net, inject=_whole_batch),
    # activations and initial weights
    F(name="sigmoid-stack", strengths=(4, 7), fits=plain, inject=_deep("sigmoid")),
    F(name="deep-plain", strengths=(12, 24), fits=plain, inject=_deep("tanh")),
    F(
        name="activations-removed",
        strengths=(1,),
        fits=feed_forward,
        inject=lambda s, _: replace(s, activation="identity"),
    ),
    F(
        name="init-zeros",
        strengths=(1,),
        fits=feed_forward,
        inject=lambda s, _: replace(s, init="zeros"),
    ),
    F(
        name="init-constant",
        strengths=(0.01, 0.5),
        fits=feed_forward,
        inject=lambda s, c: replace(s, init="constant", gain=c),
    ),
    F(
        name="init-huge",
        strengths=(5, 20, 100),
        fits=plain,
        inject=lambda s, k: replace(s, gain=k),
    ),
    F(
        name="init-tiny",
        strengths=(0.1, 0.01, 0.001),
        fits=plain,
        inject=lambda s, k: replace(s, gain=k),
    ),
    F(
        name="recurrence-huge",
        strengths=(3, 10),
        fits=recurrent,
        inject=lambda s, k: replace(s, cell="rnn", gain=k),
    ),
    F(
        name="dead-bias",
        strengths=(-1, -3, -10),
        fits=plain,
        inject=lambda s, b: replace(s, activation="relu", bias=b),
    ),
    F(
        name="saturated-scale",
        strengths=(10, 50),
        fits=plain,
        inject=lambda s, k: replace(s, activation="tanh", gain=k),
    ),
    F(
        name="biases-removed",
        strengths=(1,),
        fits=feed_forward,
        inject=lambda s, _: replace(s, biases=False, norm="none"),
    ),
    # outputs and losses
    F(
        name="softmax-twice",
        strengths=(1, 2),
        fits=classes,
        inject=lambda s, n: replace(s, output="softmax" * int(n)),
    ),
    F(
        name="sigmoid-twice",
        strengths=(1,),
        fits=bits,
        inject=lambda s, _: replace(s, output="sigmoid"),
    ),
    F(
        name="output-relu",
        strengths=(1,),
        fits=lambda t, s: classes(t, s) or regression(t, s),
        inject=lambda s, _: replace(s, output="relu"),
    ),
    F(
        name="output-squashed",
        strengths=(1,),
        fits=regression,
        inject=lambda s, _: replace(s, output="tanh"),
    ),
    F(
        name="loss-raw-nll",
        strengths=(1,),
        fits=classes,
        inject=lambda s, _: replace(s, loss="nll", smoothing=0.0),
    ),
    F(name="loss-for-numbers", strengths=(1,), fits=classes, inject=_regress_classes),
    F(
        name="targets-broadcast",
        strengths=(1,),
        fits=regression,
        inject=lambda s, _: replace(s, broadcast=True),
    ),
    F(
        name="backward-wrong",
        strengths=(0.5, 1.0, 2.0),
        fits=feed_forward,
        inject=lambda s, w: replace(s, backward=w),
    ),
    F(
        name="branch-detached",
        strengths=(0.34, 0.67),
        fits=feed_forward,
        inject=lambda s, share: replace(s, detached=share),
    ),
    # the loop
    F(
        name="gradients-kept",
        strengths=(1, 2),
        fits=net,
        inject=lambda s, n: replace(s, zeroed="by-epoch" if n < 2 else "never"),
    ),
    F(
        name="trained-in-eval",
        strengths=(1,),
        fits=moods,
        inject=lambda s, _: replace(s, train_mode=False),
    ),
    F(
        name="evaluated-in-train",
        strengths=(1,),
        fits=moods,
        inject=lambda s, _: replace(s, eval_mode=False),
    ),
    F(
        name="parameters-left-out",
        strengths=(0.34, 0.67),
        fits=net,
        inject=lambda s, share: replace(s, left_out=share),
    ),
    F(
        name="parameters-frozen",
        strengths=(0.34, 0.67),
        fits=net,
        inject=lambda s, share: replace(s, frozen=share),
    ),
    F(
        name="unshuffled",
        strengths=(1,),
        fits=lambda t, _: t.net and t.labels,
        inject=lambda s, _: replace(s, shuffle=False, spoil="sorted"),
    ),
    F(
        name="nan-log",
        strengths=(0.0, 0.5, 0.9),
        fits=net,
        inject=lambda s, at: replace(s, trap="log", trap_at=at),
    ),
    F(
        name="nan-sqrt",
        strengths=(0.0, 0.5),
        fits=net,
        inject=lambda s, at: replace(s, trap="sqrt", trap_at=at),
    ),
    F(
        name="nan-constant-column",
        strengths=(1,),
        fits=table_net,
        inject=spoilt("constant-column"),
    ),
    # capacity, duration, regularisation
    F(name="capacity-tiny", strengths=(2, 1), fits=anywhere, inject=_tiny),
    F(name="capacity-huge", strengths=(4, 10), fits=anywhere, inject=_capacity_huge),
    F(name="too-short", strengths=(4, 10, 30), fits=boosted, inject=_shorter),
    F(name="too-long", strengths=(5, 10), fits=anywhere, inject=_too_long),
    F(
        name="impatient",
        strengths=(1,),
        fits=net,
        inject=lambda s, p: replace(
            s, patience=int(p), rate=s.rate / 5, schedule="none"
        ),
    ),
    F(
        name="decay-strong",
        strengths=(0.1, 1.0, 10.0),
        fits=net,
        inject=lambda s, d: replace(
            s, decay=d, optimizer="adamw" if s.optimizer == "adam" else s.optimizer
        ),
    ),
    F(
        name="dropout-extreme",
        strengths=(0.8, 0.95),
        fits=net,
        inject=lambda s, p: replace(s, dropout=p),
    ),
    F(
        name="smoothing-extreme",
        strengths=(0.7, 0.95),
        fits=classes,
        inject=lambda s, p: replace(s, smoothing=p),
    ),
    F(
        name="penalty-extreme",
        strengths=(1e3, 1e5),
        fits=trees,
        inject=lambda s, k: replace(s, lean=k),
    ),
    # data
    F(
        name="inputs-unscaled",
        strengths=(10, 100, 1e4),
        fits=table_net,
        inject=spoilt("raw"),
    ),
    F(
        name="inputs-offset",
        strengths=(10, 100, 1e4),
        fits=unnormalised_table,
        inject=spoilt("offset"),
    ),
    F(
        name="labels-flipped",
        strengths=(0.1, 0.2, 0.4),
        fits=labelled,
        inject=spoilt("flipped"),
    ),
    F(
        name="classes-overlap",
        strengths=(0.3, 0.8),
        fits=labelled,
        inject=spoilt("overlap"),
    ),
    F(
        name="rows-misaligned",
        strengths=(0.5, 1.0),
        fits=anywhere,
        inject=spoilt("misaligned"),
    ),
    F(
        name="rows-leaked",
        strengths=(0.3, 0.8),
        fits=anywhere,
        inject=spoilt("leaked-rows"),
        yardstick="overstated",
    ),
    F(
        name="feature-leaked",
        strengths=(0.3, 0.05),
        fits=table,
        inject=spoilt("leaked-feature"),
    ),
    F(
        name="classes-unbalanced",
        strengths=(0.1, 0.03),
        fits=labelled,
        inject=spoilt("unbalanced"),
    ),
    F(
        name="minority-hidden",
        strengths=(0.1, 0.03),
        fits=labelled,
        inject=spoilt("minority"),
    ),
    F(name="missing-coded", strengths=(0.03, 0.15), fits=table, inject=spoilt("coded")),
    F(
        name="missing-nan",
        strengths=(0.003, 0.05),
        fits=table_net,
        inject=spoilt("nan"),
    ),
    F(
        name="outliers",
        strengths=(0.003, 0.02),
        fits=numbers,
        inject=spoilt("outliers"),
    ),
    F(
        name="targets-outlying",
        strengths=(0.01, 0.05),
        fits=lambda t, _: t.task == "regression",
        inject=spoilt("wild-targets"),
    ),
    F(name="units-mixed", strengths=(0.1, 0.4), fits=table, inject=spoilt("units")),
    F(
        name="rows-repeated",
        strengths=(5, 20),
        fits=anywhere,
        inject=spoilt("repeated"),
    ),
    F(
        name="validation-shifted",
        strengths=(0.7, 2.0),
        fits=lambda t, _: t.table and t.task != "autoencoding",
        inject=spoilt("shifted"),
    ),
    F(
        name="training-noisy",
        strengths=(1.0, 3.0),
        fits=lambda t, _: t.numbers and t.task != "autoencoding",
        inject=spoilt("noisy"),
    ),
    F(
        name="columns-useless",
        strengths=(5, 20),
        fits=table,
        inject=spoilt("useless"),
    ),
    F(name="data-scarce", strengths=(5, 15), fits=anywhere, inject=_too_little),
)

FAULTS = {fault.name: fault for fault in ALL}

OPERATORS = {
    "TCL change labels": ("labels-flipped", "rows-misaligned"),
    "TRD remove portion of training data": ("data-scarce",),
    "TUD unbalance training data": ("classes-unbalanced", "minority-hidden"),
    "TAN add noise to training data": ("training-noisy", "outliers"),
    "TCO make output classes overlap": ("classes-overlap",),
    "HBS change batch size": ("batch-tiny",),
    "HLR decrease learning rate": ("rate-low",),
    "HNE change number of epochs": ("too-short", "too-long"),
    "HDB disable data batching": ("batch-whole",),
    "ACH change activation function": ("sigmoid-stack", "output-squashed"),
    "ARM remove activation function": ("activations-removed",),
    "AAL add activation function to layer": ("output-relu", "softmax-twice"),
    "RAW add weights regularisation": ("decay-strong",),
    "RCW change weights regularisation": ("decay-strong", "penalty-extreme"),
    "RRW remove weights regularisation": ("capacity-huge", "too-long"),
    "RCD change dropout rate": ("dropout-extreme",),
    "RCP change patience of early stopping": ("impatient",),
    "WCI change weights initialisation": ("init-zeros", "init-huge", "init-tiny"),
    "WAB add bias to a layer": ("dead-bias",),
    "WRB remove bias from a layer": ("biases-removed",),
    "LCH change loss function": ("loss-raw-nll", "loss-for-numbers"),
    "OCH change optimisation function": (
        "optimizer-sgd-kept-rate",
        "optimizer-adam-kept-rate",
    ),
    "OCG change gradient clipping": ("clipping-tight",),
    "VRM remove validation set": ("too-long",),
}
