"""`wellfit predict MODEL NEW.csv`: predictions of a saved model."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


def predict(model: str | Path, data: Any) -> "pd.DataFrame":
    """Predict for a table with the model that `wellfit train` saved.

    `model` is its folder, or the run folder; `data` a path, or a pandas, polars or
    Arrow frame with the columns that the model was trained on, in any order. A frame
    of `prediction` and, for classes, `probability of X` for each class X. Raises
    `BadRun` for a model and `BadTable` for a table that cannot be used.
    """
    from wellfit.data.table import read_table
    from wellfit.models.store import load

    return load(model).predict(read_table(data).frame)
