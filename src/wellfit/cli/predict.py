"""`wellfit predict MODEL TABLE`"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from wellfit.core.errors import BadSetting


def predict(
    model: Annotated[
        Path,
        typer.Argument(
            help="The folder of a trained model, or its run folder.",
            show_default=False,
        ),
    ],
    table: Annotated[
        Path,
        typer.Argument(
            help="The table to predict for: CSV, TSV, Parquet or Excel; or a folder "
            "of images, or package.module:factory of a Dataset.",
            show_default=False,
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(help="The CSV file to write.  [default: standard output]"),
    ] = None,
    trust: Annotated[
        bool,
        typer.Option(
            "--trust",
            help="Import the code of a network of your own, which the model names.",
        ),
    ] = False,
) -> None:
    """Predict with a trained model: a line for each row of the table, as CSV."""
    from wellfit.verbs.predict import predict as verb

    predicted = verb(model, table, trust=trust, say=_say)
    unknown = int(predicted["prediction"].isna().sum())
    if unknown:
        _say(
            f"{unknown:,} of {len(predicted):,} rows have no prediction: their image "
            "cannot be read"
        )
    if out is None:
        predicted.to_csv(sys.stdout, index=False)
        return
    try:
        predicted.to_csv(out, index=False)
    except OSError as error:
        raise BadSetting(
            f"--out must be a file that can be written; got {str(out)!r}: "
            f"{error.strerror or error}"
        ) from error


def _say(sentence: str) -> None:
    print(f"wellfit: {sentence}", file=sys.stderr)
