"""The candidates as parameters: those that differ in settings alone, seldom."""

import pytest

from wellfit.trainer.candidates import CANDIDATES

ALIKE = {"lightgbm-small", "lightgbm-extra", "lightgbm-large", "random-forest"}
ONE_OF_EACH = [
    pytest.param(name, marks=pytest.mark.slow if name in ALIKE else ())
    for name in CANDIDATES
]
