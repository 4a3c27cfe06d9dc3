"""All that one training is made from; two trainings of one setting are the same.

The first part is what people choose, the second what they get wrong: at its defaults
there, a training does nothing that its author did not mean.
"""

import hashlib
import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """One training of a base: its style, data, model, optimizer, and its mistakes.

    Rates are absolute. `noise` is in units of the base's own, `rows` is how many rows
    are trained on. What a base has no use for, it passes over.
    """

    base: str
    seed: int = 0
    style: str = "loader"  # how the loop is written: bench/faults/loops.py
    functional: bool = False  # activations and losses as functions, not modules

    rows: int = 1000
    noise: float = 1.0
    data_seed: int = 0

    width: int = 32
    depth: int = 2
    activation: str = "relu"
    norm: str = "none"
    dropout: float = 0.0
    residual: bool = False
    cell: str = "gru"
    init: str = "default"
    gain: float = 1.0  # by which the initial weights are multiplied
    bias: float | None = None  # the initial value of all hidden biases
    biases: bool = True

    optimizer: str = "adam"
    rate: float = 1e-3
    momentum: float = 0.9
    decay: float = 0.0  # weight decay
    batch: int = 32
    epochs: int = 20
    schedule: str = "none"
    gamma: float = 1.0  # of a schedule: what is left at its end, or at each step
    clip: float = 0.0
    smoothing: float = 0.0
    accumulation: int = 1
    augment: float = 0.0
    patience: int = 0  # epochs without gain before it stops; 0: never
    pretrained: bool = False  # a body trained before, then frozen on purpose

    leaves: int = 15  # of boosted trees
    lean: float = 1.0  # their L2 penalty

    zeroed: str = "always"
    train_mode: bool = True
    eval_mode: bool = True
    shuffle: bool = True
    left_out: float = 0.0  # share of the layers that no optimizer has
    frozen: float = 0.0  # share of the layers that need no gradient
    detached: float = 0.0  # share of the layers behind a detach
    output: str = ""  # what stands between the last layer and the loss, and should not
    loss: str = ""  # another loss than the base's
    broadcast: bool = False
    reduction: str = "mean"
    backward: float = 0.0  # how wrong a hand-written gradient is
    trap: str = ""  # an operation that gives NaN
    trap_at: float = 0.0  # the share of the training that is over by then
    spoil: str = ""  # what is wrong with the data: bench/faults/spoil.py
    amount: float = 0.0  # how much

    def key(self, code: str) -> str:
        """Names the training: the same for the same setting and the same code."""
        text = json.dumps([asdict(self), code], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:20]
