"""Signals' names as tools take them."""

from wellfit.core.signals import parse


def slashed(name: str) -> str:
    """The name with slashes only, by which tools group.

    >>> slashed("train/grad_norm@encoder.0.weight")
    'train/grad_norm/encoder.0.weight'
    """
    return "/".join(part for part in parse(name) if part)
