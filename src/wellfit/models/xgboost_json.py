"""XGBoost's JSON, read and written anew before XGBoost itself sees it.

XGBoost follows the numbers of a tree without a look at where they lead. So nothing of
a file reaches it but trees that were checked here, below a head of our own.
"""

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

OBJECTIVES = {0: "reg:squarederror", 2: "binary:logistic"}
MOST_CATEGORIES = 2**24  # beyond, a float32 does not tell codes apart
FLOATS = ("base_weights", "loss_changes", "split_conditions", "sum_hessian")
WHOLE = (
    "left_children",
    "right_children",
    "parents",
    "split_indices",
    "split_type",
    "default_left",
)
OF_CATEGORIES = ("nodes", "segments", "sizes")
Array = NDArray[Any]


def checked_json(raw: bytes, *, classes: int) -> bytearray:
    """The same model in JSON that XGBoost can be trusted with.

    `classes` is their number, 0 for regression. `ValueError` unless it holds whole
    trees, each of which leads from its root to leaves that exist.
    """
    try:
        said = json.loads(raw)
        learner = said["learner"]
        types = [_type(kind) for kind in learner["feature_types"]]
        trees = [
            _tree(tree, number, len(types))
            for number, tree in enumerate(learner["gradient_booster"]["model"]["trees"])
        ]
        base = json.loads(learner["learner_model_param"]["base_score"])
    except (KeyError, TypeError, OverflowError) as error:
        raise ValueError(f"not an XGBoost model: {error!r}") from error
    outputs = classes if classes > 2 else 1
    if not trees or len(trees) % outputs or not types:
        raise ValueError("not a whole XGBoost model of so many classes")
    base_score = _numbers(base if isinstance(base, list) else [base])
    head = _head(len(types), classes, base_score.tolist())
    model = {
        "gbtree_model_param": {
            "num_parallel_tree": "1",
            "num_trees": str(len(trees)),
        },
        "iteration_indptr": list(range(0, len(trees) + 1, outputs)),
        "tree_info": [number % outputs for number in range(len(trees))],
        "trees": trees,
    }
    version = [int(part) for part in said["version"]][:3]
    learner = {
        **head,
        "feature_types": types,
        "gradient_booster": {"model": model, "name": "gbtree"},
    }
    return bytearray(json.dumps({"learner": learner, "version": version}).encode())


def _head(features: int, classes: int, base: list[float]) -> dict[str, Any]:
    several = classes > 2
    name = OBJECTIVES.get(classes, "multi:softprob")
    objective: dict[str, Any] = {"name": name}
    if several:
        objective["softmax_multiclass_param"] = {"num_class": str(classes)}
    else:
        objective["reg_loss_param"] = {"scale_pos_weight": "1"}
    return {
        "attributes": {},
        "feature_names": [],
        "learner_model_param": {
            "base_score": json.dumps(base),
            "boost_from_average": "1",
            "num_class": str(classes if several else 0),
            "num_feature": str(features),
            "num_target": "1",
        },
        "objective": objective,
    }


def _type(kind: str) -> str:
    if kind not in {"float", "c"}:
        raise ValueError(f"XGBoost feature of the type {kind!r}")
    return kind


def _tree(tree: Any, number: int, features: int) -> dict[str, Any]:
    """The tree, of checked lists alone."""
    whole = {name: _places(tree[name]) for name in WHOLE}
    floats = {name: _numbers(tree[name]) for name in FLOATS}
    sets = {n: _places(tree[f"categories_{n}"]) for n in OF_CATEGORIES}
    members = _places(tree["categories"])
    count = len(whole["left_children"])
    same = {len(x) for x in (*whole.values(), *floats.values())} == {count}
    if not (
        same
        and count
        and _leads_to_leaves(whole, count)
        and _splits(whole, features)
        and _sets(whole, sets, members)
    ):
        raise ValueError(f"XGBoost tree {number} is damaged")
    return {
        **{name: values.tolist() for name, values in (whole | floats).items()},
        **{f"categories_{name}": values.tolist() for name, values in sets.items()},
        "categories": members.tolist(),
        "id": number,
        "tree_param": {
            "num_deleted": "0",
            "num_feature": str(features),
            "num_nodes": str(count),
            "size_leaf_vector": "1",
        },
    }


def _leads_to_leaves(whole: dict[str, Array], count: int) -> bool:
    """Whether every child is a later node: no way out, and no circle."""
    left, right = whole["left_children"], whole["right_children"]
    inner = left != -1
    places = np.arange(count)
    children = np.concatenate([left[inner], right[inner]])
    after = np.concatenate([places[inner], places[inner]])
    there = np.all((children > after) & (children < count))
    each_once = len(np.unique(children)) == len(children) == count - 1
    return bool(there and each_once and np.all(right[~inner] == -1))


def _splits(whole: dict[str, Array], features: int) -> bool:
    at, kinds = whole["split_indices"], whole["split_type"]
    return bool(
        np.all((at >= 0) & (at < features))
        and np.isin(kinds, (0, 1)).all()
        and np.isin(whole["default_left"], (0, 1)).all()
    )


def _sets(whole: dict[str, Array], sets: dict[str, Array], members: Array) -> bool:
    """Whether each split by category has its own stretch of `members`."""
    inner = whole["left_children"] != -1
    wanted = np.flatnonzero((whole["split_type"] == 1) & inner)
    nodes, starts, sizes = (sets[name] for name in OF_CATEGORIES)
    return bool(
        len(nodes) == len(starts) == len(sizes)
        and np.array_equal(np.sort(nodes), wanted)
        and np.all((starts >= 0) & (sizes >= 0) & (starts + sizes <= len(members)))
        and np.all((members >= 0) & (members < MOST_CATEGORIES))
    )


def _places(values: Any) -> NDArray[np.int64]:
    if not set(map(type, values)) <= {int}:
        raise ValueError("an XGBoost tree whose places are no whole numbers")
    return np.array(values, dtype=np.int64)


def _numbers(values: Any) -> NDArray[np.float64]:
    if not set(map(type, values)) <= {int, float}:
        raise ValueError("an XGBoost tree whose values are no numbers")
    found = np.array(values, dtype=np.float64)
    if not np.all(np.isfinite(found)):
        raise ValueError("an XGBoost tree whose values are not finite")
    return found
