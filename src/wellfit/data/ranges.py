"""How far the columns of inputs go: of the fact `inputs`."""

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def ranges(rows: Floats) -> dict[str, Any]:
    """Of the fact `inputs`: how far the columns' means and deviations go."""
    finite = np.where(np.isfinite(rows), rows, np.nan)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a column of NaN only
        mean, std = np.nanmean(finite, axis=0), np.nanstd(finite, axis=0)
    varied = std > 1e-12 * np.abs(mean)
    found: dict[str, Any] = {"features": rows.shape[1], "rows": len(rows)}
    if varied.any():
        found |= {
            "feature_mean_min": float(mean[varied].min()),
            "feature_mean_max": float(mean[varied].max()),
            "feature_std_min": float(std[varied].min()),
            "feature_std_max": float(std[varied].max()),
        }
    return found
