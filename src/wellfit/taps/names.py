"""The names of a framework's or a user's own metrics, as names of signals."""

from wellfit.core.signals import PHASES

# How people and frameworks begin a metric's name, longest first.
BEGINNINGS = {
    "validation": "val",
    "training": "train",
    "valid": "val",
    "train": "train",
    "eval": "val",
    "test": "test",
    "val": "val",
    "dev": "val",
}


def signal_of(metric: str, *, phase: str = "train") -> str:
    """The signal of a metric, its own name kept; `phase` where its name tells none.

    >>> signal_of("val_acc"), signal_of("eval/f1"), signal_of("lr")
    ('val/acc', 'val/f1', 'train/lr')
    >>> signal_of("loss_epoch", phase="val"), signal_of("a@b/c d")
    ('val/loss_epoch', 'train/a_b_c d')
    """
    assert phase in PHASES
    text = metric.strip().replace("@", "_")
    for beginning, meant in BEGINNINGS.items():
        rest = text[len(beginning) :]
        if text.lower().startswith(beginning) and rest[:1] in {"_", "/", "-", "."}:
            phase, text = meant, rest[1:]
            break
    return f"{phase}/{text.replace('/', '_').strip() or 'metric'}"
