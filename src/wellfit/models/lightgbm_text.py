"""LightGBM's model text, looked through before LightGBM itself reads it.

LightGBM trusts the places that stand in the text: one beyond its array is read from
foreign memory, and a tree that leads back into itself is walked for ever.
"""

import re
from itertools import pairwise

TREE = re.compile(r"^Tree=\d+$(.*?)(?=^Tree=|^end of trees)", re.M | re.S)


def check_text(text: str) -> None:
    """`ValueError` unless the text holds whole trees whose every place exists."""
    head = _entries(text.partition("Tree=")[0])
    trees = TREE.findall(text)
    if "num_class" not in head or not trees or "end of trees" not in text:
        raise ValueError("not a whole LightGBM model")
    if len(trees) != len(head["tree_sizes"].split()):
        raise ValueError("LightGBM trees are missing")
    features = int(head["max_feature_idx"]) + 1
    for number, tree in enumerate(trees):
        if not _sound(_entries(tree), features):
            raise ValueError(f"LightGBM tree {number} is damaged")


def _entries(part: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in part.splitlines() if "=" in line)


def _sound(tree: dict[str, str], features: int) -> bool:
    leaves = int(tree["num_leaves"])
    splits = leaves - 1
    if leaves < 1 or _count(tree, "leaf_value") != leaves or tree["is_linear"] != "0":
        return False
    if not splits:
        return True
    named = ("split_feature", "threshold", "decision_type", "left_child", "right_child")
    if any(_count(tree, name) != splits for name in named):
        return False
    used = _whole(tree, "split_feature")
    return all(0 <= f < features for f in used) and _leads_down(tree) and _sets(tree)


def _leads_down(tree: dict[str, str]) -> bool:
    """Every child is a later split, or a leaf that exists."""
    leaves = int(tree["num_leaves"])
    return all(
        split < child < leaves - 1 or -leaves <= child < 0
        for side in ("left_child", "right_child")
        for split, child in enumerate(_whole(tree, side))
    )


def _sets(tree: dict[str, str]) -> bool:
    """Every split by category names a set of categories that is there."""
    sets = int(tree["num_cat"])
    kinds, thresholds = _whole(tree, "decision_type"), tree["threshold"].split()
    named = [float(t) for k, t in zip(kinds, thresholds, strict=True) if k & 1]
    if not all(t == int(t) and 0 <= t < sets for t in named):
        return False
    if not sets:
        return True
    bounds = _whole(tree, "cat_boundaries")
    rising = all(a < b for a, b in pairwise(bounds))
    words = _count(tree, "cat_threshold")
    return len(bounds) == sets + 1 and bounds[0] == 0 and rising and bounds[-1] == words


def _count(tree: dict[str, str], name: str) -> int:
    return len(tree[name].split())


def _whole(tree: dict[str, str], name: str) -> list[int]:
    return [int(v) for v in tree[name].split()]
