"""scikit-learn's trees as arrays of numbers, and trees again from those.

Of a node are kept what a prediction needs: where it leads, by which column and up to
which value; of a leaf, what it says. scikit-learn follows these numbers without a look
at where they lead: `plant` looks before.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.tree._tree import Tree  # noqa: TID253

from wellfit.models import arrays

FORMS = {
    "columns": "i1",  # how many there are
    "seen": "i1",  # classes
    "sizes": "i1",  # nodes of each tree
    "left": "i1",
    "right": "i1",
    "feature": "i1",
    "threshold": "f1",
    "missing_left": "i1",
    "leaves": "f2",  # what each says, in the order of the nodes
}
LEAF = -1
Array = NDArray[Any]


def uproot(forest: Any) -> dict[str, Array]:
    """All that a fitted forest predicts by."""
    trees = [estimator.tree_ for estimator in forest.estimators_]
    nodes = np.concatenate([tree.__getstate__()["nodes"] for tree in trees])
    ends = nodes["left_child"] == LEAF
    values = np.concatenate([tree.value[:, 0, :] for tree in trees])
    return {
        "columns": np.array([forest.n_features_in_]),
        "seen": np.asarray(getattr(forest, "classes_", ()), dtype=np.int64),
        "sizes": np.array([tree.node_count for tree in trees]),
        "left": nodes["left_child"].astype(np.int32),
        "right": nodes["right_child"].astype(np.int32),
        "feature": nodes["feature"].astype(np.int32),
        "threshold": nodes["threshold"],
        "missing_left": nodes["missing_go_to_left"].astype(np.int8),
        "leaves": values[ends],
    }


def plant(kind: type[Any], path: Path, *, classes: int) -> Any:
    """A forest of that kind that predicts as the one whose arrays are in the file."""
    said = arrays.read(path, FORMS)
    seen = said["seen"]
    if len(said["columns"]) != 1 or not 1 <= said["columns"][0] < 2**31:
        raise ValueError(f"{path.name} says of no number of columns")
    if len(seen) and not (0 <= seen[0] <= seen[-1] < classes and _rises(seen)):
        raise ValueError(f"{path.name} has seen classes that there are not")
    if (len(seen) > 0) != (classes > 0):
        raise ValueError(f"{path.name} is of another task")
    forest = kind(n_estimators=len(said["sizes"]))
    forest.n_features_in_, forest.n_outputs_ = int(said["columns"][0]), 1
    if classes:
        forest.classes_, forest.n_classes_ = seen, len(seen)
    forest.estimators_ = [_grown(forest, tree) for tree in _trees(said, path.name)]
    return forest


def _grown(forest: Any, tree: Tree) -> Any:
    """An estimator of the forest."""
    made = type(forest.estimator)()
    made.tree_, made.max_features_ = tree, 1
    for name in ("n_features_in_", "n_outputs_", "classes_", "n_classes_"):
        if hasattr(forest, name):
            setattr(made, name, getattr(forest, name))
    return made


def _trees(said: Mapping[str, Array], name: str) -> Iterator[Tree]:
    sizes, columns = said["sizes"], int(said["columns"][0])
    kinds = max(len(said["seen"]), 1)
    ends = said["left"] == LEAF
    count = len(ends)
    if not len(sizes) or sizes.min() < 1 or sizes.sum() != count:
        raise ValueError(f"{name} has other nodes than its trees say")
    if any(len(said[of]) != count for of in ("right", "feature", "threshold")):
        raise ValueError(f"{name} has nodes that are not whole")
    if len(said["missing_left"]) != count or said["leaves"].shape != (
        ends.sum(),
        kinds,
    ):
        raise ValueError(f"{name} has leaves that are not whole")
    values = np.zeros((count, kinds))
    values[ends] = said["leaves"]
    for end, size in zip(np.cumsum(sizes), sizes, strict=True):
        part = slice(int(end - size), int(end))
        nodes = {
            of: said[of][part]
            for of in ("left", "right", "feature", "threshold", "missing_left")
        }
        _check(nodes, columns, name)
        yield _tree(nodes, values[part], columns)


def _tree(nodes: Mapping[str, Array], values: Array, columns: int) -> Tree:
    kinds = values.shape[1]
    tree = Tree(columns, np.array([kinds], dtype=np.intp), 1)
    made = np.zeros(len(values), dtype=tree.__getstate__()["nodes"].dtype)
    made["left_child"], made["right_child"] = nodes["left"], nodes["right"]
    made["feature"], made["threshold"] = nodes["feature"], nodes["threshold"]
    made["missing_go_to_left"] = nodes["missing_left"] != 0
    state = {
        "max_depth": _depth(nodes["left"], nodes["right"]),
        "node_count": len(values),
        "nodes": made,
        "values": np.ascontiguousarray(values[:, None, :]),
    }
    tree.__setstate__(state)
    return tree


def _check(nodes: Mapping[str, Array], columns: int, name: str) -> None:
    """`ValueError` where a tree leads out of itself, in a circle, or beside the row."""
    left, right, feature = nodes["left"], nodes["right"], nodes["feature"]
    inner = left != LEAF
    if np.any((right != LEAF) != inner):
        raise ValueError(f"{name} has a node with one child")
    places = np.flatnonzero(inner)
    children = np.stack([left[inner], right[inner]])
    each_once = np.array_equal(np.sort(children, axis=None), np.arange(1, len(left)))
    if not each_once or np.any(children <= places):
        raise ValueError(f"{name} has a tree whose nodes do not hang together")
    if np.any((feature[inner] < 0) | (feature[inner] >= columns)):
        raise ValueError(f"{name} has a tree of columns that there are not")


def _depth(left: Array, right: Array) -> int:
    """How far the deepest leaf is from the root: children come after their parents."""
    depth, level = 0, np.array([0])
    while True:
        inner = level[left[level] != LEAF]
        if not len(inner):
            return depth
        level, depth = np.concatenate([left[inner], right[inner]]), depth + 1


def _rises(numbers: Array) -> bool:
    return bool(np.all(np.diff(numbers) > 0))
