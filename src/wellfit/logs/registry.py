"""All formats, the most particular first."""

from collections.abc import Iterable

from wellfit.core.errors import BadLog
from wellfit.logs.boosting import Evaluations, Printed
from wellfit.logs.comet import Comet
from wellfit.logs.fastai import Fastai
from wellfit.logs.keras import Keras
from wellfit.logs.lightning import Lightning
from wellfit.logs.lists import History, Records
from wellfit.logs.mlflow import MLflowDatabase, MLflowFiles
from wellfit.logs.peek import Peek
from wellfit.logs.source import Format, Source
from wellfit.logs.table import CsvTable, JsonLines
from wellfit.logs.tensorboard import TensorBoard
from wellfit.logs.text import Text
from wellfit.logs.transformers import Transformers
from wellfit.logs.wandb import WandB, WandBExport
from wellfit.logs.yolo import Yolo

FORMATS: tuple[Format, ...] = (
    TensorBoard(),
    WandB(),
    MLflowDatabase(),
    MLflowFiles(),
    Comet(),
    Transformers(),
    Evaluations(),
    History(),
    Records(),
    JsonLines(),
    Printed(),
    WandBExport(),
    Lightning(),
    Fastai(),
    Yolo(),
    Keras(),
    CsvTable(),
    Text(),
)

PICKLE = "is a pickle, or holds some: unpickling runs what is in them, so it never is"
PICKLES = (".pkl", ".pickle", ".pt", ".pth", ".ckpt", ".joblib", ".bin", ".npz", ".npy")
# What is known and not read: what a file begins with, and what to do instead.
REFUSED: tuple[tuple[bytes, str], ...] = (
    *((bytes([0x80, version]), PICKLE) for version in range(2, 6)),
    (b"\x1f\x8b", "is packed with gzip: unpack it first"),
    (b"BZh", "is packed with bzip2: unpack it first"),
    (b"\xfd7zXZ", "is packed with xz: unpack it first"),
    (b"\x28\xb5\x2f\xfd", "is packed with zstd: unpack it first"),
    (b"\x89HDF\r\n", "is an HDF5 file, of weights or data: no log"),
    (b"PAR1", "is a Parquet table: write its curves as CSV"),
    (b"SQLite format 3\0", "is a database, but none of MLflow's or wellfit's"),
    (b"PK\x03\x04", "is a zip, but no offline experiment of Comet's"),
)
EXPECTED = (
    "expected numbers by step, as TensorBoard, W&B, MLflow, Comet, or a script "
    "writes them"
)


def format_of(peek: Peek) -> Format | None:
    """The first format that knows the file as its own."""
    return next((known for known in FORMATS if known.claims(peek)), None)


def read(peek: Peek) -> list[Source]:
    """What is in a file; `BadLog` where nobody knows it, or where nothing is in it."""
    if not peek.size:
        raise BadLog(f"{peek.path} is empty; expected a log with numbers by step")
    known = format_of(peek)
    if known is None:
        raise BadLog(f"{peek.path} {_why(peek)}; {EXPECTED}")
    return list(known.read(peek))


def _why(peek: Peek) -> str:
    if peek.path.suffix.lower() in PICKLES:
        return PICKLE
    for begins, said in REFUSED:
        if peek.head.startswith(begins):
            return said
    if not peek.text:
        return "is binary, and of no form that is known"
    return "is text without numbers by step that could be made out"


def sources(peeks: Iterable[Peek]) -> Iterable[Source]:
    """What the files among these hold that are logs; the others are passed over."""
    for peek in peeks:
        if peek.size and format_of(peek) is not None:
            yield from read(peek)
