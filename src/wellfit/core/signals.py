"""The names of what is recorded, and what each means.

A signal's full name is `phase/name@where`. The phase is `train`, `val` or `test`;
a name given without one means `train`. `where` is a parameter, a module or a class,
and absent where the signal is of the whole run.
"""

from typing import NamedTuple

PHASES = ("train", "val", "test")

SIGNALS: dict[str, str] = {
    "loss": "the objective, averaged over the samples of a step or of an evaluation",
    "objective": "what `backward` was called on, where it differs from the loss: "
    "with penalties, say, or scaled",
    "eval_loss": "the loss of an evaluation pass over the training data",
    "accuracy": "the share of samples whose predicted class is their own",
    "eval_accuracy": "the accuracy of an evaluation pass over the training data",
    "balanced_accuracy": "the mean over the classes of their recalls",
    "recall": "of the samples of a class, the share that was predicted as such",
    "top_share": "the share of samples predicted as the class predicted most often",
    "rmse": "root of the mean squared error, in the target's units",
    "mae": "mean absolute error, in the target's units",
    "r2": "1 - squared error over the target's variance: 0 is the mean's own score",
    "eval_r2": "the R² of an evaluation pass over the training data",
    "spread": "standard deviation of the predictions over that of the targets",
    "auc": "area under the ROC curve",
    "log_loss": "cross-entropy of the predicted probabilities, in nats",
    "learning_rate": "the learning rate of an optimizer's parameter group",
    "grad_norm": "L2 norm of the gradient, before clipping: of all parameters, "
    "or of one",
    "weight_norm": "L2 norm of the weights: of all parameters, or of one",
    "update_ratio": "L2 norm of a step's change of the weights over that of the "
    "weights: of all parameters, or of one",
    "zero_share": "the share of a layer's activations that are exactly zero",
    "dead_share": "the share of a layer's units that were zero for every sample of "
    "the last ten looks",
    "saturated_share": "the share of a sigmoid's or tanh's outputs within 2.5 % of "
    "its range from either end",
    "activation_mean": "the mean of a layer's activations",
    "activation_std": "the standard deviation of a layer's activations",
    "input_mean": "the mean of a batch of inputs",
    "input_std": "the standard deviation of a batch of inputs",
    "input_min": "the least value of a batch of inputs",
    "input_max": "the greatest value of a batch of inputs",
    "input_nonfinite": "the share of a batch's inputs that are NaN or infinite",
    "target_mean": "the mean of a batch of targets",
    "target_std": "the standard deviation of a batch of targets",
    "output_min": "the least value of a batch of outputs, as the loss received them",
    "output_max": "the greatest value of a batch of outputs",
    "batch_size": "the number of samples of a step",
    "step_time": "seconds from one optimizer step to the next",
    "data_time": "seconds a step waited for its batch",
    "compute_time": "seconds of a step without waiting: for a batch, for other ranks",
    "rank_spread": "of the norms of the weights on all ranks, which must be the same, "
    "the greatest less the least, over the greatest",
    "straggle": "a rank's compute time over the median rank's: of the slowest, or of "
    "one",
}


class Name(NamedTuple):
    """A signal's name in its three parts."""

    phase: str
    name: str
    where: str

    def __str__(self) -> str:
        return f"{self.phase}/{self.name}" + (f"@{self.where}" if self.where else "")


def parse(text: str) -> Name:
    """Split a signal's name; a missing phase is `train`.

    >>> parse("grad_norm@encoder.0.weight")
    Name(phase='train', name='grad_norm', where='encoder.0.weight')
    >>> str(parse("val/loss"))
    'val/loss'
    """
    front, _, where = text.partition("@")
    phase, slash, name = front.rpartition("/")
    return Name(phase if slash else "train", name, where)
