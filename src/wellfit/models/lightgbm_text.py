"""LightGBM's model text, read and written anew before LightGBM itself sees it.

LightGBM trusts what stands in the text: a place beyond its array is read from foreign
memory, a tree that leads back into itself is walked for ever, and other faults end the
whole process. So nothing of a file reaches it but numbers that were checked here.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

HEAD = """tree
version=v4
num_class={classes}
num_tree_per_iteration={classes}
label_index=0
max_feature_idx={last}
objective={objective}
feature_names={names}
feature_infos={infos}
tree_sizes={sizes}

"""
TREE = re.compile(r"^Tree=\d+$(.*?)(?=^Tree=|^end of trees)", re.M | re.S)
WORD = 2**32  # cat_threshold holds sets of categories, 32 to a word
CATEGORICAL, MISSING = 1, (0, 4, 8)  # the bits of a decision_type; 2: missing go left


def checked_text(text: str, *, classes: int) -> str:
    """The same model in text that LightGBM can be trusted with.

    `classes` is their number, 0 for regression. `ValueError` unless the text holds
    whole trees, each of which leads from its root to leaves that exist.
    """
    try:
        head = _entries(text.partition("Tree=")[0])
        features = int(head["max_feature_idx"]) + 1
        trees = [_read(_entries(tree)) for tree in TREE.findall(text)]
        whole = len(trees) == len(head["tree_sizes"].split())
    except (KeyError, OverflowError) as error:
        raise ValueError(f"not a LightGBM model: {error}") from error
    outputs = classes if classes > 2 else 1
    if not trees or not whole or len(trees) % outputs or not 0 < features < WORD:
        raise ValueError("not a whole LightGBM model of so many classes")
    for number, tree in enumerate(trees):
        if not tree.sound(features):
            raise ValueError(f"LightGBM tree {number} is damaged")
    return _written(trees, features, classes)


@dataclass(frozen=True, kw_only=True, slots=True)
class Tree:
    """A tree as parallel lists: one entry a split, or one a leaf (`leaves`).

    A child is a later split, or the leaf `~child`. A split by category has the place
    of its set in `bounds` for its threshold: the set is `words[bounds[i]:bounds[i+1]]`.
    """

    features: list[int]
    thresholds: list[float]
    decisions: list[int]
    left: list[int]
    right: list[int]
    leaves: list[float]
    bounds: list[int]
    words: list[int]

    def sound(self, features: int) -> bool:
        """Whether every place in it exists, and every path ends."""
        splits = len(self.leaves) - 1
        lists = (self.features, self.thresholds, self.decisions, self.left, self.right)
        return (
            splits >= 0
            and all(len(one) == splits for one in lists)
            and all(0 <= feature < features for feature in self.features)
            and not any(math.isnan(x) for x in self.thresholds)  # inf: all but NaN
            and all(math.isfinite(x) for x in self.leaves)
            and all(self._leads_down(side) for side in (self.left, self.right))
            and self._decides()
        )

    def _leads_down(self, children: list[int]) -> bool:
        leaves = len(self.leaves)
        return all(
            split < child < leaves - 1 or -leaves <= child < 0
            for split, child in enumerate(children)
        )

    def _decides(self) -> bool:
        """Every decision is of a known kind; a set of categories is there."""
        sets = max(len(self.bounds) - 1, 0)
        named = zip(self.decisions, self.thresholds, strict=True)
        return (
            all(d & ~3 in MISSING for d in self.decisions)
            and all(t in range(sets) for d, t in named if d & CATEGORICAL)
            and self.bounds[:1] in ([], [0])
            and all(a < b for a, b in pairwise(self.bounds))
            and self.bounds[-1:] in ([], [len(self.words)])
            and all(0 <= word < WORD for word in self.words)
        )

    def lines(self) -> Iterator[str]:
        """The tree as LightGBM writes it."""
        yield f"num_leaves={len(self.leaves)}"
        yield f"num_cat={max(len(self.bounds) - 1, 0)}"
        yield f"split_feature={_joined(self.features)}"
        yield f"threshold={_joined(self.thresholds)}"
        yield f"decision_type={_joined(self.decisions)}"
        yield f"left_child={_joined(self.left)}"
        yield f"right_child={_joined(self.right)}"
        yield f"leaf_value={_joined(self.leaves)}"
        if self.bounds:
            yield f"cat_boundaries={_joined(self.bounds)}"
            yield f"cat_threshold={_joined(self.words)}"
        yield "is_linear=0"
        yield "shrinkage=1"


def _read(entries: dict[str, str]) -> Tree:
    if entries.get("is_linear", "0") != "0":
        raise ValueError("LightGBM trees with linear leaves are not read")
    return Tree(
        features=_whole(entries["split_feature"]),
        thresholds=_numbers(entries["threshold"]),
        decisions=_whole(entries["decision_type"]),
        left=_whole(entries["left_child"]),
        right=_whole(entries["right_child"]),
        leaves=_numbers(entries["leaf_value"]),
        bounds=_whole(entries.get("cat_boundaries", "")),
        words=_whole(entries.get("cat_threshold", "")),
    )


def _entries(part: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in part.splitlines() if "=" in line)


def _whole(text: str) -> list[int]:
    return [int(token) for token in text.split()]


def _numbers(text: str) -> list[float]:
    return [float(token) for token in text.split()]


def _joined(values: list[int] | list[float]) -> str:
    return " ".join(repr(value) for value in values)


def _written(trees: list[Tree], features: int, classes: int) -> str:
    blocks = [
        "\n".join([f"Tree={number}", *tree.lines(), "\n\n"])
        for number, tree in enumerate(trees)
    ]
    head = HEAD.format(
        classes=classes if classes > 2 else 1,
        last=features - 1,
        objective=_objective(classes),
        names=" ".join(f"f{i}" for i in range(features)),
        infos=" ".join(["none"] * features),
        sizes=" ".join(str(len(block)) for block in blocks),
    )
    return f"{head}{''.join(blocks)}end of trees\n"


def _objective(classes: int) -> str:
    if classes == 0:
        return "regression"
    return "binary sigmoid:1" if classes == 2 else f"multiclass num_class:{classes}"
