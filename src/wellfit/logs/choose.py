"""Which of a log's columns stands for which signal, where several could."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from wellfit.core.signals import Name, parse
from wellfit.logs.curve import Curve
from wellfit.logs.names import STANDS_FOR_LOSS, is_loss, meaning

TOGETHER = 0.8  # of a curve's steps: then it was evaluated with validation
FAR = 0.5  # of the way: a curve that ends before says little of the training


@dataclass(frozen=True, kw_only=True, slots=True)
class Chosen:
    """Ours → theirs; sums of several of theirs; what is no signal; what to say."""

    taken: Mapping[Name, str]
    sums: Mapping[Name, tuple[str, ...]] = field(default_factory=dict)
    left: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def choose(curves: Mapping[str, Curve], known: Mapping[str, str]) -> Chosen:
    """A column of theirs for each of our signals.

    `known` are names that their format leaves no doubt about. Of several that could be
    the training loss the one that is logged together with validation is an evaluation
    (`eval_loss`), and the one that reaches furthest, most often, is the loss.
    """
    wanted: dict[Name, list[str]] = {}
    left, single, notes = [], [], []
    for theirs, curve in curves.items():
        ours = _ours(theirs, known)
        if ours is None or not len(curve):
            left.append(theirs)
            continue
        wanted.setdefault(ours, []).append(theirs)
        single += [theirs] if len(curve) == 1 else []
    sums, said = _stand_ins(wanted)
    notes += said
    validated = _steps_of_validation(wanted, curves)
    taken: dict[Name, str] = {}
    for ours, names in wanted.items():
        for name, theirs in _told_apart(ours, names, curves, validated):
            taken[_free(name, taken)] = theirs
        notes += _short(names, curves)
    picked = _Picked(taken, curves)
    picked.without_summaries(single)
    picked.means_of_epochs()
    picked.evaluated_in_training(validated)
    picked.plain_rate()
    return Chosen(
        taken=picked.taken,
        sums=sums,
        left=(*left, *picked.left),
        notes=tuple(notes + picked.notes),
    )


MEANS = ("loss_epoch", "accuracy_epoch")
ALSO = ("rmse", "mae", "log_loss")  # stay under their own names as well
NO_LOSS = ("eval_loss", "oob_loss", "logged_loss", "loss_epoch")

Wanted = dict[Name, list[str]]


def _stand_ins(
    wanted: Wanted,
) -> tuple[dict[Name, tuple[str, ...]], list[str]]:
    """Where nothing is called the loss of a phase, what most probably is it.

    What stands for the loss of validation is a candidate in training as well. Of parts
    (`box_loss`, `cls_loss`) it is the sum. Returned are the sums, and what to say.
    """
    sums: dict[Name, tuple[str, ...]] = {}
    notes: list[str] = []
    for phase in ("val", "test", "train"):
        loss = Name(phase, "loss", "")
        if loss in wanted or loss._replace(name="loss_epoch") in wanted:
            continue
        parts = [n for n in wanted if n.phase == phase and _may_be_loss(n)]
        exact = [n for word in STANDS_FOR_LOSS for n in parts if n.name == word]
        if exact or len(parts) == 1:
            _stand_in((exact or parts)[0], wanted)
            notes.append(f"{wanted[loss][0]} is taken for the {phase} loss")
        elif parts:
            sums[loss] = tuple(wanted[n][0] for n in parts)
            notes.append(f"the {phase} loss is the sum of {', '.join(sums[loss])}")
    return sums, notes


def _stand_in(name: Name, wanted: Wanted) -> None:
    """Make it the loss; and of what it is called in training a candidate for it."""
    wanted[name._replace(name="loss")] = list(wanted[name])
    same = name._replace(phase="train")
    if name.phase == "val" and same in wanted:
        wanted.setdefault(Name("train", "loss", ""), []).extend(wanted[same])
        if same.name not in ALSO:
            del wanted[same]
    if name.name not in ALSO:
        del wanted[name]


def _may_be_loss(name: Name) -> bool:
    return is_loss(name.name) and not name.where and name.name not in NO_LOSS


def _ours(theirs: str, known: Mapping[str, str]) -> Name | None:
    if theirs in known:
        return parse(known[theirs])
    said = meaning(theirs)
    return None if said is None else said.name


def _steps_of_validation(
    wanted: Mapping[Name, Sequence[str]], curves: Mapping[str, Curve]
) -> NDArray[np.int64]:
    names = [
        n for ours, named in wanted.items() if ours.phase != "train" for n in named
    ]
    steps = [curves[n].steps for n in names]
    return np.unique(np.concatenate(steps)) if steps else np.zeros(0, np.int64)


def _told_apart(
    ours: Name,
    names: Sequence[str],
    curves: Mapping[str, Curve],
    validated: NDArray[np.int64],
) -> list[tuple[Name, str]]:
    """Several names of theirs for one of ours: the best first, the rest as they are."""
    if len(names) == 1:
        return [(ours, names[0])]
    ends = {n: int(curves[n].steps[-1]) for n in names}
    far = max(ends.values())

    def rank(name: str) -> tuple[bool, bool, int]:
        reaches = ends[name] >= FAR * far
        return reaches, not _beside(curves[name], validated), len(curves[name])

    first, *rest = sorted(names, key=rank, reverse=True)
    found = [(ours, first)]
    for name in rest:
        evaluated = ours.phase == "train" and _beside(curves[name], validated)
        if (
            evaluated
            and ours.name in ("loss", "accuracy", "r2")
            and len(curves[name]) > 1
        ):
            found.append((ours._replace(name=f"eval_{ours.name}"), name))
        else:
            plain = "_".join(part for part in name.lower().split("/") if part)
            found.append((ours._replace(name=plain.replace("@", "_")[:80]), name))
    return found


def _short(names: Sequence[str], curves: Mapping[str, Curve]) -> list[str]:
    """Which of several names for one thing ends long before the others."""
    ends = {n: int(curves[n].steps[-1]) for n in names}
    far = max(ends.values())
    return [
        f"{name} ends at {end:,} of {far:,}: too early to stand for the whole"
        for name, end in ends.items()
        if len(curves[name]) > 1 and end < FAR * far
    ]


def _beside(curve: Curve, validated: NDArray[np.int64]) -> bool:
    return bool(len(validated)) and bool(
        np.isin(curve.steps, validated).mean() >= TOGETHER
    )


def _free(name: Name, taken: Mapping[Name, str]) -> Name:
    number, free = 1, name
    while free in taken:
        number += 1
        free = name._replace(name=f"{name.name}_{number}")
    return free


class _Picked:
    """What is taken so far, while the last questions are settled."""

    def __init__(self, taken: dict[Name, str], curves: Mapping[str, Curve]) -> None:
        self.taken = taken
        self.left: list[str] = []
        self.notes: list[str] = []
        self._curves = curves

    def without_summaries(self, single: Sequence[str]) -> None:
        """A training loss of one value beside longer curves sums up: it is left."""
        longest = max((len(self._curves[n]) for n in self.taken.values()), default=0)
        ours = Name("train", "loss", "")
        if longest > 2 and self.taken.get(ours) in single:
            self.left.append(self.taken.pop(ours))

    def means_of_epochs(self) -> None:
        """The mean of an epoch stands for the loss where no step's own is logged."""
        for name in list(self.taken):
            plain = name._replace(name=name.name.removesuffix("_epoch"))
            if name.name in MEANS and plain not in self.taken:
                self.taken[plain] = self.taken.pop(name)

    def evaluated_in_training(self, validated: NDArray[np.int64]) -> None:
        """Test rows that were scored again and again served as validation rows."""
        if any(name.phase == "val" for name in self.taken):
            return
        tests = [n for n in self.taken if n.phase == "test"]
        often = [n for n in tests if len(self._curves[self.taken[n]]) > 2]
        if not often or not len(validated):
            return
        for name in often:
            self.taken[name._replace(phase="val")] = self.taken.pop(name)
        self.notes.append(
            "nothing is called validation: the test rows, scored along the way, are "
            "taken for it"
        )

    def plain_rate(self) -> None:
        """The first of several groups' learning rates is the run's as well."""
        plain = Name("train", "learning_rate", "")
        if plain not in self.taken:
            found = [n for n in self.taken if n.name == "learning_rate"]
            if found:
                self.taken[plain] = self.taken[found[0]]
                if len(found) == 1:
                    del self.taken[found[0]]
