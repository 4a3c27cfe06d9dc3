"""Fits of estimators, edited by a plan: what scikit-learn's and boosters' share."""
