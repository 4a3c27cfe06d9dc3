"""Keys and values that a recipe does not have, and those that were probably meant."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import is_dataclass
from typing import Any, get_type_hints

from wellfit.core.errors import nearest
from wellfit.core.recipe import Recipe
from wellfit.core.text import Place
from wellfit.trainer.recipes.fault import dotted

# What other trainers call it.
ELSEWHERE: Mapping[str, tuple[str, ...]] = {
    "data.source": ("path", "dataset", "file", "train_file"),
    "data.target": ("label", "labels", "y", "target_column"),
    "data.drop": ("ignore_columns", "exclude", "drop_columns"),
    "data.augment": ("augmentation", "augmentations", "transforms"),
    "data.prepare": ("preprocessing", "preprocess", "features"),
    "data.split.folds": ("k", "n_splits", "n_folds", "cv"),
    "data.split.by": ("strategy", "how"),
    "data.prepare.scaling": ("scaler", "normalization", "normalize"),
    "data.prepare.imputation": ("imputer", "impute", "fillna"),
    "data.prepare.polynomials": ("degree", "polynomial"),
    "model.name": ("type", "class", "arch", "architecture"),
    "objective": ("loss", "criterion", "loss_function"),
    "objective.metric": ("metrics", "score", "scoring", "eval_metric"),
    "optimizer": ("optim", "optimiser"),
    "optimizer.lr": ("learning_rate", "max_lr", "eta", "eta0", "rate"),
    "optimizer.weight_decay": ("wd", "decay"),
    "optimizer.betas": ("beta", "beta1", "beta2", "adam_beta1"),
    "optimizer.layer_decay": ("llrd", "layerwise_decay", "layer_wise_decay"),
    "schedule": ("scheduler", "lr_scheduler", "lr_schedule", "warmup"),
    "regularization": ("regularisation", "regularizer", "penalty"),
    "regularization.early_stopping": ("early_stop", "earlystopping"),
    "regularization.early_stopping.patience": ("early_stopping_patience",),
    "regularization.early_stopping.least_gain": ("min_delta", "tolerance", "tol"),
    "regularization.ema": ("ema_decay", "model_ema"),
    "loop": ("training", "trainer", "train"),
    "loop.epochs": ("max_epochs", "n_epochs", "num_epochs", "num_train_epochs"),
    "loop.steps": ("max_steps", "n_steps", "num_steps", "iterations"),
    "loop.budget": ("time", "time_limit", "time_budget", "max_time"),
    "loop.batch_size": ("batch", "bs", "batchsize", "train_batch_size"),
    "loop.accumulate": (
        "accumulate_grad_batches", "gradient_accumulation_steps", "accumulation",
    ),
    "loop.clip": (
        "grad_clip", "clip_norm", "max_grad_norm", "gradient_clip_val", "clipping",
    ),
    "loop.evaluate_every": ("eval_every", "eval_steps", "val_check_interval"),
    "loop.checkpoint_every": ("save_every", "save_steps", "checkpoint_interval"),
    "loop.workers": ("num_workers", "n_jobs", "dataloader_num_workers"),
    "precision.dtype": ("amp", "fp16", "bf16", "mixed_precision", "half"),
    "precision.device": ("gpu", "cuda", "accelerator"),
    "precision.compile": ("torch_compile",),
    "precision.checkpoint_activations": (
        "gradient_checkpointing", "activation_checkpointing",
    ),
    "seed": ("random_state", "random_seed", "rng"),
}  # fmt: skip


# The same for values.
ALIASES: Mapping[str, str] = {
    "l1": "mae", "absolute_error": "mae", "l2": "mse", "squared_error": "mse",
    "smooth_l1": "huber", "ce": "cross-entropy", "bce": "cross-entropy",
    "log_loss": "cross-entropy", "logistic": "cross-entropy", "nll": "cross-entropy",
    "momentum": "sgd", "nesterov": "sgd", "gd": "sgd", "warmup": "warm-up",
    "poly": "linear", "multistep": "piecewise", "multi_step": "piecewise",
    "reduce_on_plateau": "plateau", "triangular": "cyclical",
    "cosine_annealing": "cosine", "cosine_with_restarts": "cosine",
    "standard": "z-score", "standardize": "z-score", "standardise": "z-score",
    "normalize": "min-max", "minmax": "min-max", "quantile": "robust",
    "mice": "iterative", "knn": "iterative", "stratified": "class",
    "stratify": "class", "temporal": "time", "shuffle": "random",
    "float": "float32", "fp32": "float32", "fp16": "float16", "half": "float16",
    "bf16": "bfloat16", "mixed": "auto", "gpu": "cuda", "nn": "mlp",
    "neural_network": "mlp", "lgbm": "lightgbm", "gbm": "lightgbm",
    "ridge": "linear", "numeric": "number", "float64": "number", "int": "number",
    "string": "text", "str": "text", "categorical": "category", "bool": "boolean",
    "datetime": "date", "id": "identifier",
}  # fmt: skip


def close(value: str, among: Iterable[str]) -> str:
    """The end of a sentence: `; did you mean 'x'?`, or nothing where none is close.

    >>> close("bf16", ["float32", "bfloat16"]), close("tree", ["mlp"])
    ("; did you mean 'bfloat16'?", '')
    """
    names = list(among)
    alias = ALIASES.get(value.lower().replace("-", "_"))
    if alias in names:
        return f"; did you mean {alias!r}?"
    hint = nearest(value, names)
    return hint if "did you mean" in hint else ""


def meant(key: str, place: Place, known: Iterable[str]) -> str:
    """What to say of a key that the section at `place` does not have.

    >>> meant("learning_rat", ("optimizer",), ["name", "lr"])
    "optimizer has no key 'learning_rat'; did you mean 'lr'?"
    """
    owner = dotted(place) if place else "a recipe"
    return f"{owner} has no key {key!r}{_hint(key, dotted(place), list(known))}"


def _hint(key: str, section: str, known: list[str]) -> str:
    here = {name: name for name in known}
    for path, names in ELSEWHERE.items():
        if path.rpartition(".")[0] == section:
            here |= dict.fromkeys(names, path.rpartition(".")[2])
    anywhere = {path.rpartition(".")[2]: path for path in paths()}
    anywhere |= {name: path for path, names in ELSEWHERE.items() for name in names}
    for among in (here, {k: v for k, v in anywhere.items() if k == key}, anywhere):
        told = nearest(key, among)
        if "did you mean" in told:
            found = told.split("'")[1]
            return told.replace(f"'{found}'", f"'{among[found]}'")
    return nearest(key, known)


def paths(section: Any = Recipe, place: str = "") -> Iterator[str]:
    """Every key of a recipe, dotted; keys of the items of a list are left out.

    Those of the sections further up are later, and so are what a bare name means.
    """
    for name, kind in get_type_hints(section).items():
        if is_dataclass(kind):
            yield from paths(kind, f"{place}{name}.")
        yield f"{place}{name}"
