"""Their names, as ours: `valid_0's l2`, `eval/acc@1`, `trainLoss` → phase and name."""

import re
from typing import NamedTuple

from wellfit.core.signals import MACHINE, SIGNALS, Name
from wellfit.record import redact

TRAIN = {"train", "training", "trn", "tr", "learn"}
VAL = {
    "val",
    "valid",
    "validation",
    "validating",
    "dev",
    "eval",
    "evaluation",
    "holdout",
}
TEST = {"test", "testing", "tst"}
PHASES = {**dict.fromkeys(TRAIN, "train"), **dict.fromkeys(VAL, "val")}
PHASES |= dict.fromkeys(TEST, "test")

# What a quantity is called, by its words without a phase. The first column is ours.
WORDS = {
    "loss": "loss total_loss loss_total totalloss avg_loss average_loss mean_loss "
    "loss_mean loss_avg batch_loss running_loss loss_value cur_loss loss_step "
    "smooth_loss objective cost",
    "loss_epoch": "loss_epoch epoch_loss",
    "accuracy": "accuracy acc top1 top_1 acc1 acc_1 acc_top1 top1_acc top_1_acc "
    "top1_accuracy top_1_accuracy accuracy_top1 accuracy_top_1 prec_1 acc_step "
    "accuracy_step categorical_accuracy sparse_categorical_accuracy binary_accuracy "
    "multiclass_accuracy mean_accuracy accuracy_score avg_acc",
    "accuracy_epoch": "acc_epoch accuracy_epoch",
    "balanced_accuracy": "balanced_accuracy balanced_acc bal_acc",
    "learning_rate": "lr learning_rate learningrate base_lr current_lr lr_step "
    "lr_0 lr_pg0 cur_lr",
    "grad_norm": "grad_norm gradnorm gradient_norm total_grad_norm global_grad_norm "
    "grad_norm_total gnorm total_norm grad_l2_norm grad_2_0_norm_total grad_norm_step",
    "weight_norm": "weight_norm param_norm params_norm parameter_norm",
    "loss_scale": "loss_scale grad_scale amp_scale",
    "f1": "f1 f1_score f1score f1_macro macro_f1",
    "precision": "precision precision_score precision_macro",
    "recall": "recall recall_score recall_macro",
    "auc": "auc roc_auc auroc auc_roc roc_auc_score",
    "average_precision": "average_precision aucpr pr_auc auprc",
    "r2": "r2 r2_score r_squared r2score",
    "rmse": "rmse root_mean_squared_error",
    "mae": "mae l1 mean_absolute_error",
    "log_loss": "logloss log_loss mlogloss binary_logloss multi_logloss",
    "step_time": "step_time time_per_step sec_per_step s_per_step iter_time batch_time",
    "data_time": "data_time",
}
OURS = {word: ours for ours, words in WORDS.items() for word in words.split()}

# Where no column is called the loss, the first of these that there is stands for it:
# what is minimised, most often.
STANDS_FOR_LOSS = (
    *("nll_loss", "ce_loss", "bce_loss", "mse_loss", "cross_entropy", "crossentropy"),
    *("nll", "ce", "xent", "bce", "log_loss", "mse", "l2", "mean_squared_error"),
    *("rmse", "mae", "huber", "quantile", "poisson", "gamma", "tweedie", "perplexity"),
    *("ppl", "error", "merror", "binary_error", "multi_error", "cross_entropy_lambda"),
)
# Bookkeeping: no quantity of training.
LEFT = re.compile(
    r"""_?(?:timestamp|runtime|wall_?time|time|times|date|datetime|elapsed(?:_.*)?
    |eta|eta_.*|.*_(?:runtime|duration|seconds|timestamp)|duration|seconds|ms
    |.*_time|time_.*|total_time.*|.*(?:samples|steps|iter|iterations|tokens)_per_second
    |(?:num|n)_(?:examples|samples)|preemption_count|(?:train_)?total_flos
    |index|unnamed_.*|hparams?_.*|created_at|run_id|mem|memory|max_mem|best)""",
    re.VERBOSE,
)
POSITIONS = re.compile(
    r"(?:(?:trainer|current|cur|optimizer|opt|total|max|num)_)?(?:global_?step|steps?"
    r"|iters?|iterations?|it|itr|epochs?|ep|updates?|rounds?|batch|batch_idx)"
)
SECTIONS = {"metrics", "metric", "scalars", "logs", "log", "stats", "losses", "perf"}


class Meaning(NamedTuple):
    """What a name of theirs means: ours, and whether it is a known quantity."""

    name: Name
    known: bool


def meaning(theirs: str, phase: str = "") -> Meaning | None:
    """Ours for theirs; None for bookkeeping. `phase` holds where the name has none.

    >>> for theirs in ("val_loss", "valid_0's auc", "Train/Acc@1", "trainLoss", "lr"):
    ...     print(meaning(theirs).name)
    val/loss
    val/auc
    train/accuracy
    train/loss
    train/learning_rate
    >>> print(meaning("eval/rouge-2").name, meaning("epoch_time"))
    val/rouge_2 None
    """
    exact = _exact(theirs)
    if exact is not None:
        return Meaning(exact, True)
    found, words = _phase(_words(theirs))
    said = "_".join(words)
    if not said or LEFT.fullmatch(said) or POSITIONS.fullmatch(said):
        return None
    at = _placed(words)
    if at is not None:
        return Meaning(Name(found or phase or "train", *at), True)
    ours = OURS.get(said)
    named = ours or said[:80]
    return Meaning(Name(found or phase or "train", named, ""), ours is not None)


def is_loss(name: str) -> bool:
    """Whether a quantity of unknown name is a loss of some kind."""
    return name.endswith("loss") or name in STANDS_FOR_LOSS


def phase_of(folder_or_file: str) -> str:
    """The phase that a file's or a folder's name tells of, or nothing.

    >>> phase_of("validation"), phase_of("val_log"), phase_of("contest")
    ('val', 'val', '')
    """
    found, _ = _phase(_words(folder_or_file))
    return found


def _exact(theirs: str) -> Name | None:
    """A name as wellfit exports it: `train/grad_norm/fc.weight`, `train/loss`."""
    phase, slash, rest = theirs.partition("/")
    name, _, where = rest.partition("/" if "/" in rest else ".")
    if not slash or phase not in ("train", "val", "test"):
        return None
    if name not in SIGNALS or name in MACHINE or name in LEFT_AS_THEY_ARE:
        return None
    return Name(phase, name, redact(where).replace("@", "_"))


# Ours too, and yet to be weighed like any name: `train/loss` may be an evaluation.
LEFT_AS_THEY_ARE = {"score", "objective", "gradients", "weights", "activations"}
GROUPED = re.compile(r"(?:lr|learning_rate)_?(?P<where>\d+|(?<=_)\w+)")


def _placed(words: list[str]) -> tuple[str, str] | None:
    """A learning rate of an optimizer or a group: `lr-AdamW/pg1`."""
    said = "_".join(words)
    found = GROUPED.fullmatch(said)
    if found is None or said in OURS:
        return None
    return "learning_rate", found["where"]


def _words(theirs: str) -> list[str]:
    """The words of a name, in lower case.

    >>> _words("Train/Acc@1"), _words("trainLoss"), _words("valid_0's l2")
    (['train', 'acc', '1'], ['train', 'loss'], ['valid_0', 'l2'])
    """
    numbered = re.sub(r"\b(valid|validation|eval)_(\d+)('s)?[\s/-]+", r"\1#\2 ", theirs)
    apart = re.sub(r"(?<=[a-z])(?=[A-Z][a-z])", " ", numbered.replace("'s ", " "))
    found = re.split(r"[^\w#]+|_+", apart.lower())
    return [word.replace("#", "_") for word in found if word]


def _phase(words: list[str]) -> tuple[str, list[str]]:
    """The phase, and the words without those that say it."""
    kept: list[str] = []
    found = ""
    for place, word in enumerate(words):
        said = PHASES.get(word.rpartition("_")[0] or word, "")
        # It stands first or last, or after a section: `metrics/val/loss`.
        if (
            said
            and (not found or said == found)
            and (place in (0, len(words) - 1) or place == 1)
        ):
            found = said
        elif kept or word not in SECTIONS or len(words) == 1:
            kept.append(word)
    return found, kept
