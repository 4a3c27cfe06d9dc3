"""`wellfit predict MODEL NEW.csv`: predictions of a saved model."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from wellfit.models.store import Saved


def predict(
    model: str | Path,
    data: Any,
    *,
    trust: bool = False,
    say: Callable[[str], None] | None = None,
) -> "pd.DataFrame":
    """Predict for a table or for images with the model that `wellfit train` saved.

    `model` is its folder, or the run folder; `data` a path, or a pandas, polars or
    Arrow frame with the columns that the model was trained on, in any order; or a
    Dataset, or the `package.module:factory` of one, where it learnt from one. A frame
    of `prediction` and, for classes, `probability of X` for each class X; of a folder
    of images, the path of each `image` is before them. Where an image cannot be read,
    they are missing. `trust` lets the code of a network of your own be imported, which
    the model names; `say` gets a sentence for each column that is not as it was in
    training. Raises `BadRun` for a model and `BadTable` for a table that cannot be
    used.
    """
    from wellfit.core.errors import BadRun
    from wellfit.core.own import imported, is_own
    from wellfit.models.store import load

    if isinstance(data, str | os.PathLike) and is_own(str(data)):
        if not trust:
            raise BadRun(
                f"{data} is code of your own, which has to be imported: say that you "
                "trust it, with --trust"
            )
        from wellfit.trainer.recipes.dataset import to_predict

        factory = imported(str(data), key="the data", folder=Path.cwd())
        data = to_predict(factory, str(data))
    return predicted(load(model, trust=trust), data, say)


def predicted(
    model: "Saved", data: Any, say: Callable[[str], None] | None = None
) -> "pd.DataFrame":
    """The model's predictions for a table; a pandas frame's index is kept."""
    import pandas as pd

    from wellfit.data.imagesets import IMAGE, is_image_set
    from wellfit.data.remarks import remarks
    from wellfit.data.table import read_table
    from wellfit.models.store import TableModel

    if isinstance(model, TableModel) and model.of_samples:
        from wellfit.trainer.recipes.dataset import samples_of

        return model.predict_samples(samples_of(data))
    frame = read_table(data).frame
    out = model.predict(frame)
    if say is not None:
        for sentence in remarks(model.preparation, frame):
            say(sentence)
    if isinstance(data, str | os.PathLike) and is_image_set(Path(data)):
        out.insert(0, IMAGE, frame[IMAGE])  # nobody knows the order of a folder
    return out.set_axis(data.index) if isinstance(data, pd.DataFrame) else out
