"""Trials: the same training with and without a change, and what that did."""
