"""Gradient-boosted trees: XGBoost and LightGBM. A round is a step."""
