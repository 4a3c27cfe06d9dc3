"""The names of what is recorded, and what each means.

A signal's full name is `phase/name@where`. The phase is `train`, `val` or `test`;
a name given without one means `train`. `where` is a parameter, a module, a class or a
device, and absent where the signal is of the whole run.
"""

from typing import NamedTuple

PHASES = ("train", "val", "test")
LOWER = ("loss", "rmse", "mse", "mae", "error", "perplexity", "objective")  # in a name

# Read of the machine, whether anything is trained or not.
MACHINE: dict[str, str] = {
    "elapsed": "seconds since the machine began to be watched, at each reading of it",
    "cpu_share": "processor time of the process and its children, of what the cores "
    "that it may use could give: 1 is all of them, busy",
    "memory": "bytes of main memory that the process and its children hold (resident; "
    "pages that they share count for each); `@workers`: the children alone",
    "throttled_share": "the share of the periods of a processor quota in which it was "
    "used up, and the process held back",
    "disk_read": "bytes a second that the process and its children got from disks",
    "disk_write": "bytes a second that the process and its children sent to disks",
    "disk_wait": "the share of the time that the process waited for a disk",
    "file_read": "bytes a second that the process and its children read, from files "
    "and pipes, out of a cache or not",
    "network_received": "bytes a second that the machine received",
    "network_sent": "bytes a second that the machine sent",
    "gpu_share": "the share of the time in which a GPU computed anything, for whomever",
    "gpu_memory": "bytes of a GPU's memory in use, by whomever",
    "gpu_peak": "bytes of a GPU's memory that the tensors of PyTorch held at most, "
    "until now",
    "gpu_reserved": "bytes of a GPU's memory that the allocator of PyTorch holds",
    "gpu_throttled": "1 where heat or the power supply lowered a GPU's clocks, else 0",
}

SIGNALS: dict[str, str] = {
    "loss": "the objective, averaged over the samples of a step or of an evaluation",
    "logged_loss": "the loss that a framework logs, where PyTorch's own is seen too: "
    "a mean over some steps, say, or with penalties",
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
    "precision": "the mean over the classes of the share, of those predicted as one, "
    "that are of it",
    "f1": "the mean over the classes of their F1, of precision and recall",
    "average_precision": "area under the precision–recall curve; of more than two "
    "classes, the mean of those of each against the others",
    "auc": "area under the ROC curve; of more than two classes, likewise",
    "log_loss": "cross-entropy of the predicted probabilities, in nats",
    "score": "what a cross-validation or a search went by, on one fold; a search's "
    "steps are its candidates",
    "oob_score": "accuracy or R² of a forest on the rows that each tree had left out",
    "oob_loss": "the loss of a boosting on the rows that each round had left out",
    "round_error": "the weighted error of each round's own estimator",
    "tree_depth": "of the trees of a boosting round, the depth of the deepest",
    "tree_leaves": "of the trees of a boosting round, the leaves in the mean",
    "tree_gain": "the gain of all splits of a boosting round, as its framework has it",
    "learning_rate": "the learning rate of an optimizer's parameter group",
    "loss_scale": "what a GradScaler multiplies the loss by",
    "grad_norm": "L2 norm of the gradient, before clipping: of all parameters, "
    "or of one",
    "grad_mean": "the mean of a parameter's gradient",
    "grad_std": "the standard deviation of a parameter's gradient",
    "grad_zeros": "the share of a parameter's gradient that is exactly zero",
    "grad_nonfinite": "the share of the gradient that is NaN or infinite; not recorded "
    "where none is",
    "grad_cosine": "cosine between the gradients of two successive steps: of all "
    "parameters, or of one",
    "grad_noise_scale": "the simple noise scale, in samples: the batch size at which "
    "noise and signal of the gradient are alike, from two successive steps",
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
    "gradients": "histograms of a parameter's gradient",
    "weights": "histograms of a parameter",
    "activations": "histograms of a layer's output",
    "attention_entropy": "how spread an attention is, from 0 (one key takes all) to 1 "
    "(all keys alike)",
    "sample_loss_std": "the standard deviation of the losses of a batch's samples",
    "sample_loss_median": "the median of the losses of a batch's samples",
    "sample_loss_p95": "the 95th percentile of the losses of a batch's samples",
    "sample_loss_max": "the greatest loss of a batch's samples",
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
    "step_time_max": "the same of the slowest of the steps since the value before, but "
    "for those that were looked at in full",
    "data_time": "seconds a step waited for its batch",
    "compute_time": "seconds of a step without waiting: for a batch, for other ranks",
    "rank_spread": "of the norms of the weights on all ranks, which must be the same, "
    "the greatest less the least, over the greatest",
    "straggle": "a rank's compute time over the median rank's: of the slowest, or of "
    "one",
    **MACHINE,
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


def lower_is_better(text: str) -> bool:
    """Whether a signal is better where it is small, as losses and errors are.

    >>> [lower_is_better(name) for name in ("val/log_loss", "rmse", "val/accuracy")]
    [True, True, False]
    """
    return any(part in parse(text).name for part in LOWER)
