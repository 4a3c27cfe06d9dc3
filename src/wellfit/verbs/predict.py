"""`wellfit predict MODEL NEW.csv`: predictions of a saved model."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from wellfit.models.store import Saved


def predict(model: str | Path, data: Any, *, trust: bool = False) -> "pd.DataFrame":
    """Predict for a table with the model that `wellfit train` saved.

    `model` is its folder, or the run folder; `data` a path, or a pandas, polars or
    Arrow frame with the columns that the model was trained on, in any order. A frame
    of `prediction` and, for classes, `probability of X` for each class X. `trust` lets
    the code of a network of your own be imported, which the model names. Raises
    `BadRun` for a model and `BadTable` for a table that cannot be used.
    """
    from wellfit.models.store import load

    return predicted(load(model, trust=trust), data)


def predicted(model: "Saved", data: Any) -> "pd.DataFrame":
    """The model's predictions for a table; a pandas frame's index is kept."""
    import pandas as pd

    from wellfit.data.table import read_table

    out = model.predict(read_table(data).frame)
    return out.set_axis(data.index) if isinstance(data, pd.DataFrame) else out
