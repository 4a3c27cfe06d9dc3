"""Whether more data would help: the score against the number of rows learnt from."""

from typing import Any

import numpy as np

from wellfit.data.judged import Judged, predicted, quietly, score

PARTS = (0.25, 0.5)  # of the rows that are trained on, beside all of them


def learning_curve(judged: Judged, rows: int, seed: int) -> dict[str, Any]:
    """Of the fact `data`: `curve`, scores by rows, and what the last doubling brought.

    Each fold tests the same rows at every size; `gain` is the folds' mean gain in
    skill from half of the rows to all, its error Nadeau and Bengio's (2003), for folds
    share rows. `of` is how many rows the table has.
    """
    matter, parts = judged.matter, judged.parts
    jobs = [(part, share) for part in parts for share in PARTS]
    found = quietly(lambda job: _score(judged, job[0], job[1], seed), jobs)
    whole = [score(matter, matter.y[test], judged.out[test]) for _, test in parts]
    scores = np.column_stack([np.reshape(found, (len(parts), -1)), whole])
    skill = (scores - judged.trivial) / max(1e-12, 1 - judged.trivial)
    gains = skill[:, -1] - skill[:, -2]
    count = len(parts)
    trained = len(matter) * (count - 1) / count
    return {
        "metric": "accuracy" if matter.classes else "r2",
        "rows": [round(p * trained) for p in (*PARTS, 1)],
        "of": rows,
        "scores": scores.mean(axis=0).tolist(),
        "skill": float(skill[:, -1].mean()),
        "gain": float(gains.mean()),
        "gain_error": float(gains.std(ddof=1) * np.sqrt(1 / count + 1 / (count - 1))),
        "gain_before": float((skill[:, -2] - skill[:, -3]).mean()),
    }


def _score(judged: Judged, part: tuple[Any, Any], share: float, seed: int) -> float:
    matter, (train, test) = judged.matter, part
    shuffled = np.random.default_rng(seed).permutation(train)
    some = shuffled[: max(2, round(share * len(train)))]
    if matter.classes and len(np.unique(matter.y[some])) < 2:
        some = train
    said = predicted(matter, some, test, seed, among=judged.model)
    return score(matter, matter.y[test], said.mean(axis=0))
