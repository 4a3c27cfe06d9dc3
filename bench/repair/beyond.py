"""Faults that no change of a live training undoes, and why: they are not drawn.

Written down from what the faults are (bench/faults/faults.py) and what changes can
reach, before any case of the untouched half was treated.
"""

BEYOND = {
    "backward-wrong": "a gradient that is written by hand",
    "branch-detached": "a branch that the model's code cuts off",
    "activations-removed": "layers that the model's code lacks",
    "biases-removed": "parameters that the model's code lacks",
    "capacity-tiny": "a model of another size is another model's code",
    "output-relu": "an activation that the model's code puts behind its last layer",
    "output-squashed": "the same",
    "loss-for-numbers": "classes that the script hands over as numbers",
    "labels-flipped": "the truth is not in the data",
    "classes-overlap": "the same",
    "rows-misaligned": "the same",
    "training-noisy": "the same",
    "missing-coded": "which values are codes, only a person knows",
    "units-mixed": "which rows are in which unit, only a person knows",
    "data-scarce": "rows that there are not",
    "rows-repeated": "the same",
    "rows-leaked": "the split is the script's, and the score is wrong, not the model",
    "feature-leaked": "the same",
    "validation-shifted": "the same",
    "classes-unbalanced": "rows of other shares in training than the twin has",
    "minority-hidden": "the metric is wrong, not the model",
}
