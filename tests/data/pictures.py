"""Folders of made images: the side of a bright square is the class."""

from pathlib import Path

import numpy as np
from PIL import Image


def made(label: int, rng, *, side=16, channels=3):
    """Noise, and a bright square at the left or at the right, above or below."""
    x = rng.integers(0, 90, (side, side, channels))
    half = side // 2
    top, left = half * (label // 2), half * (label % 2)
    x[top : top + half, left : left + half] += 120
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
