"""Folders of made images: how bright they are is the class."""

from pathlib import Path

import numpy as np
from PIL import Image


def made(label: int, rng, *, side=16, channels=3):
    """Noise, brighter by class."""
    x = 60 * label + rng.integers(0, 70, (side, side, channels))
    return x.astype(np.uint8).squeeze()


def folder(root: Path, counts: dict[str, int], *, seed=0, **how) -> Path:
    """A folder for each class, with so many images in each."""
    rng = np.random.default_rng(seed)
    for label, (name, count) in enumerate(counts.items()):
        (root / name).mkdir(parents=True, exist_ok=True)
        for i in range(count):
            image = Image.fromarray(made(label, rng, **how))
            image.save(root / name / f"{i:03}.png")
    return root
