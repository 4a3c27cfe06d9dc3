"""Labels that are most probably wrong: confident learning, out of fold.

Which rows are suspects is cleanlab's to say (Northcutt et al., 2021). Whether there is
noise at all is another question: where classes overlap, honest rows are suspects too.
There, errors vanish among the rows that models are surest of; wrong labels do not, for
a label is slipped wherever the row lies (Scott, 2015: the rate at the anchor points).
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.data.judged import Judged

SHOWN = 20
SUREST = 3  # the surest third, against the third after it
Z = 1.96


def suspects(judged: Judged) -> dict[str, Any]:
    """Of the fact `data`: `labels`, how many are suspect, where, and the surest ones.

    `surest` and `next` are how often the label is another than the one predicted, in
    the third of the rows that the models are surest of and in the third after it.
    """
    try:
        places = ranked(judged)
    except ImportError:
        return {"lacking": "labels"}
    return {
        **thirds(judged),
        "suspects": len(places),
        "classes": list(_by_class(judged, places)),
        "examples": [_example(judged, int(p)) for p in places[:SHOWN]],
    }


def ranked(judged: Judged) -> NDArray[np.int64]:
    """The places of the suspects, the surest first; ImportError without cleanlab."""
    from cleanlab.filter import find_label_issues

    found = find_label_issues(
        judged.matter.y,
        judged.out,
        return_indices_ranked_by="normalized_margin",
        filter_by="both",
        n_jobs=1,
    )
    return np.asarray(found, dtype=np.int64)


def thirds(judged: Judged) -> dict[str, Any]:
    """The rates of disagreement, the surest rows first; and of the two surest thirds
    together the rate's lower bound: the plateau, if there is one.

    `suspects` are the rows that disagree there.
    """
    sure = judged.out.max(axis=1)
    order = np.argsort(-sure, kind="stable")
    wrong = (judged.said != judged.matter.y)[order]
    first, second, _ = np.array_split(wrong, SUREST)
    both = int(first.sum() + second.sum()), len(first) + len(second)
    return {
        "rows": len(wrong),
        "model": judged.model,
        "accuracy": judged.score,
        "trivial": judged.trivial,
        "suspects": both[0],
        "surest": float(first.mean()),
        "surest_low": lowest(int(first.sum()), len(first)),
        "next": float(second.mean()),
        "plateau": both[0] / both[1],
        "plateau_low": lowest(*both),
    }


def lowest(count: int, of: int) -> float:
    """Wilson's lower bound of a share, at 97.5 %."""
    if not of:
        return 0.0
    share, slack = count / of, Z**2 / of
    centre = share + slack / 2
    spread = Z * np.sqrt(share * (1 - share) / of + slack / of / 4)
    return float(max(0.0, (centre - spread) / (1 + slack)))


def _by_class(judged: Judged, places: NDArray[np.int64]) -> Iterator[dict[str, Any]]:
    """For the classes with most suspects: how many, and what they seem to be."""
    y, said, classes = judged.matter.y, judged.said, judged.matter.classes
    given = np.bincount(y[places], minlength=len(classes))
    for k in np.argsort(-given, kind="stable")[:10]:
        if given[k]:
            seems = np.bincount(said[places][y[places] == k], minlength=len(classes))
            yield {
                "name": str(classes[k]),
                "rows": int(np.sum(y == k)),
                "suspects": int(given[k]),
                "seems": str(classes[int(seems.argmax())]),
            }


def _example(judged: Judged, place: int) -> dict[str, Any]:
    matter = judged.matter
    probable = judged.out[place]
    return {
        "row": int(matter.rows[place]),
        "label": str(matter.classes[int(matter.y[place])]),
        "seems": str(matter.classes[int(probable.argmax())]),
        "probability": round(float(probable.max()), 3),
    }
