"""Hyperparameters: found beside a log, and said as the facts that rules read."""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from wellfit.record import redact, redact_args

FILES = (
    *("hparams.yaml", "hparams.yml", "hparams.json", "hyperparameters.json"),
    *("hyperparameters.yaml", "hparams_best.json", "params.json", "params.yaml"),
    *("args.yaml", "args.json", "opt.yaml", "hyp.yaml", "training_args.json"),
    *("config.yaml", "config.yml", "config.json", "cfg.yaml", "train_config.json"),
    *("train_config.yaml", "settings.json", "settings.yaml", "commandline_args.txt"),
    *(".hydra/config.yaml", "files/config.yaml"),
)
LARGEST = 1 << 20  # bytes: what people set is shorter
DEEPEST, MOST = 6, 1000  # levels and entries that are kept
BEYOND = 2**63  # no number that anybody sets
LONGEST = 300  # characters of a value

# A setting's names, as people write them: compared without case, dashes and dots.
LR = "learning_rate lr lr0 base_lr init_lr initial_lr learningrate max_lr peak_lr eta"
BATCH = "batch_size train_batch_size per_device_train_batch_size batchsize bs batch"
EPOCHS = "epochs num_train_epochs max_epochs num_epochs n_epochs total_epochs"
SEED = "seed random_seed random_state manual_seed"
CLIP = (
    "max_grad_norm grad_clip gradient_clip_val clip_grad_norm grad_clip_norm clip_norm "
    "gradient_clip clip_grad max_norm clipnorm"
)
NUMBERS: Mapping[tuple[str, str], str] = {
    ("optimizer", "lr"): LR,
    ("optimizer", "weight_decay"): "weight_decay wd weightdecay l2_penalty",
    ("optimizer", "momentum"): "momentum",
    ("optimizer", "beta1"): "beta1 adam_beta1 beta_1",
    ("optimizer", "beta2"): "beta2 adam_beta2 beta_2",
    ("training", "batch_size"): BATCH,
    ("training", "epochs"): EPOCHS,
    ("seeds", "torch"): SEED,
    ("clipping", "limit"): CLIP,
}
WORDS: Mapping[tuple[str, str], str] = {
    ("optimizer", "kind"): "optimizer optim optimizer_name optimizer_type opt",
    ("model", "class"): "model arch architecture model_name model_type net backbone "
    "model_class model_name_or_path",
}


def beside(
    folders: Iterator[Path] | tuple[Path, ...],
) -> tuple[dict[str, Any], list[Path]]:
    """What the settings files in these folders say, flat, and which they were."""
    found: dict[str, Any] = {}
    files = []
    for folder in folders:
        for name in FILES:
            path = folder / name
            said = _read(path) if path.is_file() else None
            if isinstance(said, Mapping) and said:
                files.append(path)
                found = {**flat(_unwrapped(said)), **found}
    return found, files


def flat(said: Mapping[Any, Any]) -> dict[str, Any]:
    """Settings by dotted names, plain values only, secrets hidden.

    >>> flat({"optim": {"lr": 0.1, "betas": [0.9, 0.99]}, "api_key": "tulip"})
    {'optim.lr': 0.1, 'optim.betas': [0.9, 0.99], 'api_key': '***'}
    """
    found: dict[str, Any] = {}
    for name, value in _leaves("", said, DEEPEST):
        if len(found) == MOST:
            break
        found[name[:LONGEST]] = value
    return found


def facts(settings: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The facts `optimizer`, `training`, … that settings tell, in our terms.

    >>> facts({"optim.lr": 0.1, "batch_size": "32", "optimizer": "adamw"})
    ... # doctest: +NORMALIZE_WHITESPACE
    {'optimizer': {'groups': [{'lr': 0.1}], 'kind': 'adamw'},
     'training': {'batch_size': 32}}
    """
    by_name = _by_last_word(settings)
    found: dict[str, dict[str, Any]] = {}
    for (fact, field), words in NUMBERS.items():
        value = next(
            (v for w in words.split() if (v := by_name.get(w)) is not None), None
        )
        number = _number(value)
        if number is not None:
            counted = fact in ("training", "seeds") and float(number).is_integer()
            found.setdefault(fact, {})[field] = int(number) if counted else number
    for (fact, field), words in WORDS.items():
        said = [by_name.get(word) for word in words.split()]
        text = next((v for v in said if isinstance(v, str) and v), None)
        if text is not None:
            found.setdefault(fact, {})[field] = text
    return _shaped(found)


def _shaped(found: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """In the forms of docs/run-folder.md."""
    optimizer = found.pop("optimizer", {})
    kind = optimizer.pop("kind", None)
    betas = [optimizer.pop(b, None) for b in ("beta1", "beta2")]
    if None not in betas:
        optimizer["betas"] = betas
    shaped: dict[str, dict[str, Any]] = {}
    if optimizer or kind:
        shaped["optimizer"] = {"groups": [optimizer]} if optimizer else {"groups": [{}]}
        shaped["optimizer"] |= {"kind": kind} if kind else {}
    limit = found.pop("clipping", {}).get("limit")
    if limit:
        shaped["clipping"] = {"kind": "norm", "limit": limit}
    return {**shaped, **found}


def _by_last_word(settings: Mapping[str, Any]) -> dict[str, Any]:
    """By the last part of each name; what stands least deep comes first."""
    found: dict[str, Any] = {}
    for name in sorted(settings, key=lambda name: name.count(".")):
        *front, last = name.lower().replace("-", "_").replace("/", ".").split(".")
        if front and last in ("name", "type", "kind", "_target_", "class_path"):
            last = front[-1]  # optimizer.name
        found.setdefault(last, settings[name])
    return found


def _number(value: Any) -> float | int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return value if abs(value) < BEYOND else None
    if isinstance(value, str):
        with suppress(ValueError, OverflowError):
            number = float(value)
            return int(number) if number == int(number) and "." not in value else number
    return None


def _leaves(front: str, said: Any, deepest: int) -> Iterator[tuple[str, Any]]:
    if isinstance(said, Mapping):
        for name, value in said.items() if deepest else ():
            yield from _leaves(
                f"{front}.{name}" if front else str(name), value, deepest - 1
            )
    elif isinstance(said, list | tuple):
        plain = [v for v in said[:20] if isinstance(v, bool | int | float)]
        if len(plain) == len(said):
            yield front, plain
    elif isinstance(said, bool | int | float) or said is None:
        yield front, said
    else:
        yield front, hidden(front, str(said)[:LONGEST])


def hidden(name: str, value: str) -> str:
    """The value, unless it is a secret's."""
    (kept,) = redact_args([f"--{name}={value}"])
    return redact(kept.removeprefix(f"--{name}="))


def _unwrapped(said: Mapping[Any, Any]) -> Mapping[Any, Any]:
    """W&B's config.yaml: each setting stands under `value`."""
    if not any(key in said for key in ("wandb_version", "_wandb")):
        return said
    return {
        name: entry["value"]
        for name, entry in said.items()
        if name != "_wandb" and isinstance(entry, Mapping) and "value" in entry
    }


def _read(path: Path) -> Any:
    try:
        if path.stat().st_size > LARGEST:
            return None
        text = path.read_text(encoding="utf-8", errors="replace")
        return json.loads(text) if path.suffix == ".json" else _yaml(text)
    except (OSError, ValueError, RecursionError):
        return None


def _yaml(text: str) -> Any:
    """YAML without its tags: nothing is made that it names, nothing is run."""
    import yaml

    class Plain(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
        """Takes what an unknown tag stands before as it is."""

    def untagged(loader: Any, _: str, node: Any) -> Any:
        if isinstance(node, yaml.MappingNode):
            return loader.construct_mapping(node, deep=True)
        if isinstance(node, yaml.SequenceNode):
            return loader.construct_sequence(node, deep=True)
        return loader.construct_scalar(node)

    Plain.add_multi_constructor("", untagged)
    try:
        return yaml.load(text, Loader=Plain)
    except yaml.YAMLError:
        return None
