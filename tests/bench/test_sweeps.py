"""The simulation of sweeps, in small: what is right is said, and nothing else."""

import pytest

from bench.sweeps import CASES, Case, measure


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_sweep_rules_say_what_is_right(case: Case) -> None:
    for got in measure(case, 10):
        if case.right:
            assert got["warned"] >= 4
        else:
            assert got["warned"] == 0
