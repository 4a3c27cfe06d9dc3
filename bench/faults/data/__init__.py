"""The data that bases train on: real, or made up with a floor that is known."""

from bench.faults.data.data import SHARED, Data, Missing, split

__all__ = ["SHARED", "Data", "Missing", "split"]
