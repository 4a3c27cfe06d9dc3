"""What a script does beside training, as far as its source tells: it is only read."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

MOST_FILES = 30  # of a script, with what it imports from beside itself

# Names of functions, methods and classes, the last part of what is called.
SAVING = {
    "dump",
    "save",
    "save_checkpoint",
    "save_file",
    "save_model",
    "save_pretrained",
    "save_weights",
    "ModelCheckpoint",
    "export",
}
LOADING = {
    "load_state_dict",
    "load_checkpoint",
    "load_weights",
    "resume_from_checkpoint",
}
LOGGING = {
    "SummaryWriter",
    "WandbLogger",
    "CSVLogger",
    "MLFlowLogger",
    "TensorBoardLogger",
    "TensorBoard",
    "log_metric",
    "log_metrics",
    "autolog",
}
TRACKERS = {"wandb", "mlflow", "comet_ml", "neptune", "clearml", "aim", "tensorboardX"}
SEEDING = {"manual_seed", "seed", "seed_everything", "set_seed", "set_random_seed"}
RATES = {
    "lr_scheduler",
    "get_linear_schedule_with_warmup",
    "get_cosine_schedule_with_warmup",
}
TESTING = {
    "test_loader",
    "test_set",
    "test_data",
    "X_test",
    "x_test",
    "test_dl",
    "test",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Habits:
    """Where a script does something, as `file:line`; None where it does not."""

    saves: str | None = None
    resumes: str | None = None
    logs: str | None = None
    seeds: str | None = None
    schedules: str | None = None
    tests: str | None = None
    read: bool = False


def habits(script: Path | None) -> Habits:
    """What the script and its own modules do; nothing where they cannot be read."""
    if script is None or not script.is_file():
        return Habits()
    first: dict[str, str] = {}
    for file in _files(script):
        for name, kind, line in _seen(file):
            first.setdefault(kind, f"{name}, {file.name}:{line}")
    return Habits(**first, read=True)


_KINDS: Mapping[str, set[str]] = {
    "saves": SAVING,
    "resumes": LOADING,
    "logs": LOGGING | TRACKERS,
    "seeds": SEEDING,
    "schedules": RATES,
    "tests": TESTING,
}


def _seen(file: Path) -> Iterator[tuple[str, str, int]]:
    """Names, the habit that each shows, and their lines."""
    for node in ast.walk(_parsed(file)):
        if isinstance(node, ast.Attribute):
            name, owner = node.attr, getattr(node.value, "id", "")
        elif isinstance(node, ast.Name):
            name, owner = node.id, ""
        elif isinstance(node, ast.alias):
            name, owner = node.name.partition(".")[0], ""
        else:
            continue
        for kind, names in _KINDS.items():
            if name in names and not (name == "seed" and owner == "args"):
                line = getattr(node, "lineno", 0)
                yield (f"{owner}.{name}" if owner else name), kind, line


def _parsed(file: Path) -> ast.AST:
    try:
        return ast.parse(file.read_text(encoding="utf-8"))
    except (OSError, SyntaxError, ValueError):
        return ast.Module(body=[], type_ignores=[])


def _files(script: Path) -> list[Path]:
    """The script, and the modules beside it that it imports, and those that they do."""
    known = [script]
    for file in known:
        for node in ast.walk(_parsed(file)):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module]
            for name in names:
                beside = script.parent / (name.replace(".", "/") + ".py")
                if beside.is_file() and beside not in known and len(known) < MOST_FILES:
                    known.append(beside)
    return known
