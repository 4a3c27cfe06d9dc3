"""The trees of a booster: how deep, how many leaves, how much each gained."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple


class Tree(NamedTuple):
    """Splits on its longest way, leaves, and the gain of its splits together."""

    depth: int
    leaves: int
    gain: float


def from_lightgbm(text: str) -> list[Tree]:
    """The trees in LightGBM's text form."""
    trees = text.partition("\nend of trees")[0].split("\nTree=")[1:]
    return [_of_lightgbm(tree) for tree in trees]


def _of_lightgbm(text: str) -> Tree:
    lines = (line.partition("=") for line in text.split("\n"))
    said = {key: value for key, _, value in lines}
    left, right = (said.get(f"{side}_child", "").split() for side in ("left", "right"))
    splits = dict(enumerate(zip(map(int, left), map(int, right), strict=True)))
    gain = sum(map(float, said.get("split_gain", "").split()))
    return Tree(_depth(splits), int(said["num_leaves"]), gain)


def from_xgboost(raw: bytes | bytearray) -> list[Tree]:
    """The trees in XGBoost's JSON form; none of a linear booster."""
    booster = json.loads(raw)["learner"]["gradient_booster"]
    model = booster.get("gbtree", booster).get("model", {})
    return [_of_xgboost(tree) for tree in model.get("trees", ())]


def _of_xgboost(tree: dict[str, Any]) -> Tree:
    ways = zip(tree["left_children"], tree["right_children"], strict=True)
    splits = {place: way for place, way in enumerate(ways) if way[0] >= 0}
    gain = sum(float(tree["loss_changes"][place]) for place in splits)
    return Tree(_depth(splits), len(splits) + 1, gain)


def _depth(splits: Mapping[int, tuple[int, int]]) -> int:
    """Splits on the longest way from the root, which is split 0."""
    depth, level = 0, [0]
    while level := [place for place in level if place in splits]:
        depth += 1
        level = [child for place in level for child in splits[place]]
    return depth
