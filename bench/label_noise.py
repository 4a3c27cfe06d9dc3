"""How well wrong labels are found: precision and recall on labels flipped on purpose.

    python -m bench.label_noise [--quick]

Tables (wine, digits, adult), texts (SST-2) and images (Fashion-MNIST), as they are and
with 5 and 10 % of the labels flipped to another class at random. Precision counts a
suspect as right only where it was flipped: labels that were wrong before count against
it. `says` is what the rule says. Sets below $WELLFIT_DATA are left out where it is
absent. Printed and written to bench/results.
"""

import argparse
import gzip
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn import datasets

from bench.machine import describe
from wellfit.core.finding import Finding, NotChecked
from wellfit.core.run import Run
from wellfit.data import folders, suspects
from wellfit.data.judged import Judged, matter_of, out_of_fold
from wellfit.data.profile import kinds_of
from wellfit.data.table import read_table
from wellfit.data.target import read_target
from wellfit.rules.label_noise import LabelNoise

RESULTS = Path(__file__).parent / "results" / "label_noise.json"
BESIDE = Path(__file__).resolve().parents[2] / "shared" / "data"  # beside the project
DATA = Path(os.environ.get("WELLFIT_DATA") or BESIDE)
RATES = (0.0, 0.05, 0.1)
SOME = 4000  # rows of a large set
Labels = np.ndarray[Any, Any]


def flipped(y: Labels, rate: float) -> tuple[Labels, Labels]:
    """The labels with some flipped to another class, and which those are."""
    rng = np.random.default_rng(1)
    names, codes = np.unique(y, return_inverse=True)
    wrong = rng.random(len(y)) < rate
    away = rng.integers(1, len(names), len(y))
    return names[np.where(wrong, (codes + away) % len(names), codes)], wrong


def of_table(frame: pd.DataFrame, target: str, y: Labels) -> Judged:
    given = read_table(frame.assign(**{target: y})).frame
    found = read_target(given[target], "classification")
    matter = matter_of(given, kinds_of(given), found, 0)
    assert not isinstance(matter, str), matter
    return out_of_fold(matter, 0)


def of_images(images: Labels, y: Labels) -> Judged:
    """Judge images as `wellfit check FOLDER` does: from files, a folder a class."""
    from PIL import Image

    with tempfile.TemporaryDirectory() as name:
        for place, (image, label) in enumerate(zip(images, y, strict=True)):
            folder = Path(name) / str(label)
            folder.mkdir(exist_ok=True)
            Image.fromarray(image).save(folder / f"{place:05}.png")
        files = folders.read_files(Path(name))
        matter = folders.matter_of_files(files)
    assert not isinstance(matter, str), matter
    places = np.array([int(Path(files.names[row]).stem) for row in matter.rows])
    return out_of_fold(replace(matter, rows=places), 0)


def sets() -> Iterator[tuple[str, Labels, Callable[[Labels], Judged]]]:
    for name in ("wine", "digits"):
        frame = getattr(datasets, f"load_{name}")(as_frame=True).frame
        y = frame["target"].to_numpy()
        yield name, y, lambda y, f=frame: of_table(f, "target", y)
    adult, sst2 = DATA / "adult/adult-train.csv", DATA / "text_sst2/sent_train.tsv"
    if adult.exists():
        frame = read_table(adult).frame.head(SOME)
        last = str(frame.columns[-1])
        yield "adult", frame[last].to_numpy(), lambda y: of_table(frame, last, y)
    if sst2.exists():
        texts = pd.read_csv(sst2, sep="\t", names=["text", "y"], quoting=3).head(SOME)
        yield "sst2", texts["y"].to_numpy(), lambda y: of_table(texts, "y", y)
    fashion = DATA / "fashion_mnist"
    if fashion.exists():
        raw = gzip.decompress((fashion / "t10k-images-idx3-ubyte.gz").read_bytes())
        told = gzip.decompress((fashion / "t10k-labels-idx1-ubyte.gz").read_bytes())
        images = np.frombuffer(raw, np.uint8, offset=16).reshape(-1, 28, 28)
        labels = np.frombuffer(told, np.uint8, offset=8)[: SOME // 2]
        yield "fashion", labels, lambda y: of_images(images[: SOME // 2], y)


def measured(judged: Judged, wrong: Labels) -> dict[str, Any]:
    said, places = suspects.suspects(judged), suspects.ranked(judged)
    flips = wrong[judged.matter.rows]
    hits = int(flips[places].sum())
    run = Run.of(facts={"data": {"rows": len(flips), "labels": said}})
    found = LabelNoise().judge(run)
    spoken = str(found.severity) if isinstance(found, Finding) else "nothing"
    return {
        "rows": len(flips),
        "accuracy": said["accuracy"],
        "flipped": int(flips.sum()),
        "suspects": len(places),
        "precision": hits / len(places) if len(places) else None,
        "recall": hits / int(flips.sum()) if flips.any() else None,
        "estimated": said["plateau"],
        "says": "not checked" if isinstance(found, NotChecked) else spoken,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="wine only, not kept")
    chosen = parser.parse_args()
    results = []
    for name, y, judge in sets():
        if chosen.quick and name != "wine":
            continue
        for rate in RATES:
            labels, wrong = flipped(y, rate)
            got = {"set": name, "rate": rate, **measured(judge(labels), wrong)}
            results.append(got)
            print(" ".join(f"{k} {v:.3g}" if isinstance(v, float) else f"{k} {v}"
                           for k, v in got.items()), flush=True)  # fmt: skip
    if not chosen.quick:
        said = {"machine": describe(), "results": results}
        RESULTS.write_text(json.dumps(said, indent=2) + "\n")


if __name__ == "__main__":
    main()
