"""Columns: their kinds, told apart by stated heuristics, and their values by kind."""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, TypeAlias

import numpy as np
import pandas as pd  # noqa: TID253
from numpy.typing import NDArray

from wellfit.data.imagefiles import is_image, is_there

Series: TypeAlias = "pd.Series[Any]"  # of one of the four types of read_table

TRUE = frozenset({"true", "yes", "y", "t", "on", "1"})
FALSE = frozenset({"false", "no", "n", "f", "off", "0"})
DATE_FORMATS = (
    "ISO8601",
    "%Y/%m/%d",
    "%Y/%m/%d %H:%M:%S",
    "%m/%d/%Y",
    "%d/%m/%Y",
    "%m/%d/%Y %H:%M",
    "%d/%m/%Y %H:%M",
    "%m/%d/%y",
    "%d.%m.%Y",
    "%d.%m.%Y %H:%M",
    "%d.%m.%Y %H:%M:%S",
    "%d-%m-%Y",
    "%d-%b-%Y",
    "%d %b %Y",
    "%b %d, %Y",
    "%B %d, %Y",
    "%Y%m%d",
)
LOOKED_AT = 2000  # distinct values, for formats and words
NEARLY_ALL = 0.95  # of the values of a column, for it to be of dates or numbers
MOSTLY = 0.8  # of them are numbers: the text between is a fault
MANY = 20  # distinct values: with fewer, text is categories whatever it looks like
TRIED = 50  # paths, of which one must lead to a file
PROSE = 3.0  # words a value: codes have one or two
IDENTIFIER = re.compile(
    r"^(id|uuid|guid|index|key)$|[_\W](id|uuid|key)$|[a-z]I[dD]$|ID$", re.A
)
ROW_NUMBER = re.compile(r"^(unnamed: \d+|no\.?|nr\.?|row|order|index|)$", re.I)


class Kind(StrEnum):
    """What a column holds, and so how it is prepared."""

    NUMBER = "number"
    CATEGORY = "category"
    BOOLEAN = "boolean"
    DATE = "date"
    TEXT = "text"
    IDENTIFIER = "identifier"
    CONSTANT = "constant"
    IMAGE = "image"


LEFT_OUT: Mapping[Kind, str] = {
    Kind.TEXT: "free text",
    Kind.IDENTIFIER: "identifies rows and tells nothing of new ones",
    Kind.CONSTANT: "the same in every row",
}


def kind_of(column: Series) -> Kind:
    """What the column holds.

    *constant*: one value in every row, or none at all. *boolean*: two values that
    are 0 and 1, or words of yes and no. *date*: parsed by one of `DATE_FORMATS`.
    *number*: numbers, or text of which at least 80 % are numbers with more than 20
    different values. *identifier*: whole numbers that count the rows, or are all
    different in a column called like an identifier; or codes most of which come
    once. *text*: the same with three words or more a value. *image*: names that end as
    those of images do, of files that are there. *category*: the rest.
    """
    if column.dtype == "bool":
        return Kind.BOOLEAN if column.nunique() > 1 else Kind.CONSTANT
    if pd.api.types.is_numeric_dtype(column.dtype):
        return _kind_of_numbers(column)
    distinct = column.nunique()
    if distinct == 0 or (distinct == 1 and not column.hasnans):
        return Kind.CONSTANT
    if pd.api.types.is_datetime64_dtype(column.dtype):
        return Kind.DATE
    present = column.dropna()
    return Kind.IMAGE if _is_images(present) else _kind_of_text(present, distinct)


def _kind_of_numbers(column: Series) -> Kind:
    values = column.to_numpy(dtype=np.float64)
    finite = values[np.isfinite(values)]
    distinct = np.unique(finite)
    if len(distinct) == 0 or (len(distinct) == 1 and len(finite) == len(values)):
        return Kind.CONSTANT
    if distinct.tolist() == [0, 1]:
        return Kind.BOOLEAN
    if len(distinct) < len(values) or not np.array_equal(finite, np.round(finite)):
        return Kind.NUMBER
    counts = bool(np.all(np.diff(finite) == 1))  # in the order of the rows
    shuffled = distinct[-1] - distinct[0] == len(distinct) - 1
    name = str(column.name)
    called = IDENTIFIER.search(name) or (ROW_NUMBER.search(name) and shuffled)
    return Kind.IDENTIFIER if counts or called else Kind.NUMBER


def _kind_of_text(present: Series, distinct: int) -> Kind:
    words = present.drop_duplicates()
    if distinct == 2 and _is_boolean(words):
        return Kind.BOOLEAN
    if distinct > MANY and number_share(present) >= MOSTLY:
        return Kind.NUMBER
    if date_format(present) is not None:
        return Kind.DATE
    if distinct <= MANY:
        return Kind.CATEGORY
    prose = _words(words.head(LOOKED_AT)) >= PROSE
    often = len(present) / distinct  # how often a value comes
    if often < 2:
        return Kind.TEXT if prose else Kind.IDENTIFIER
    longer = words.head(LOOKED_AT).str.len().mean() > 50
    return Kind.TEXT if prose and longer and often < 5 else Kind.CATEGORY


def _is_images(present: Series) -> bool:
    """Nearly all are called like images, and so is a file that there is."""
    some = [str(v) for v in present.iloc[:: -(-len(present) // TRIED)]]
    if sum(map(is_image, some)) < NEARLY_ALL * len(some):
        return False
    return any(map(is_there, some))


def images_in(frame: pd.DataFrame) -> list[str]:
    """The columns that have paths to images."""
    text = frame.select_dtypes(exclude=["number", "bool", "datetime"])
    named = ((str(n), text[n].dropna().head(LOOKED_AT)) for n in text.columns)
    return [n for n, some in named if len(some) and _is_images(some)]


def _words(values: Series) -> float:
    """The mean number of words; a character of a script without spaces is one."""
    return float(values.str.count(r"[\u3040-\u9fff]|[^\s\u3040-\u9fff]+").mean())


def _is_boolean(words: Series) -> bool:
    lower = set(words.str.lower())
    return len(lower & TRUE) == 1 and len(lower & FALSE) == 1


def number_share(present: Series) -> float:
    """Of the text values, the share that are numbers."""
    return float(pd.to_numeric(present, errors="coerce").notna().mean())


def date_format(present: Series) -> str | None:
    """The first of `DATE_FORMATS` that nearly all of the text values follow.

    A column that follows `%m/%d/%Y` in full is read so, even where it may mean
    days first: nothing in it can tell.
    """
    sample = present.drop_duplicates().head(LOOKED_AT)
    if not sample.str.contains(r"\d").all() or sample.str.len().max() > 40:
        return None
    if number_share(sample) > 0:  # plain numbers are no dates
        return None
    for form in DATE_FORMATS:
        parsed = pd.to_datetime(sample, format=form, errors="coerce", utc=True)
        if parsed.notna().mean() >= NEARLY_ALL:
            return form
    return None


def numbers(column: Series) -> NDArray[np.float64]:
    """Its numbers; NaN where there is none; infinite values as they are.

    Text that is no number is missing; yes and no are 1 and 0.
    """
    if column.dtype == "bool" or pd.api.types.is_numeric_dtype(column.dtype):
        return column.to_numpy(dtype=np.float64)
    lower = column.str.lower()
    words = lower.map(dict.fromkeys(TRUE, 1.0) | dict.fromkeys(FALSE, 0.0))
    parsed = pd.to_numeric(column, errors="coerce").astype("float64")
    return np.asarray(parsed.fillna(words.astype("float64")), dtype=np.float64)


def finite(column: Series) -> NDArray[np.float64]:
    """Its numbers, with NaN for infinite ones too."""
    values = numbers(column)
    return np.where(np.isfinite(values), values, np.nan)


def form_of(column: Series) -> str | None:
    """The format of a column of dates; None where it holds dates, not text."""
    if pd.api.types.is_datetime64_dtype(column.dtype):
        return None
    return date_format(texts(column).dropna())


def moments(column: Series, kind: Kind) -> NDArray[np.float64]:
    """Numbers that grow with time: seconds since 1970 of dates, numbers themselves."""
    if kind is Kind.DATE:
        return seconds(dates(column, form_of(column)))
    return finite(column)


def dates(column: Series, form: str | None) -> Series:
    """Its dates in UTC, without a zone; NaT where a value is none."""
    if pd.api.types.is_datetime64_dtype(column.dtype):
        return column
    text = texts(column)
    parsed = pd.to_datetime(text, format=form or "ISO8601", errors="coerce", utc=True)
    return parsed.dt.tz_localize(None)


def seconds(column: Series) -> NDArray[np.float64]:
    """Seconds since 1970 of a column of dates; NaN for NaT."""
    whole = column.to_numpy(dtype="datetime64[s]").astype(np.int64)
    return np.where(column.isna().to_numpy(), np.nan, whole.astype(np.float64))


def texts(column: Series) -> Series:
    """Its values as text, alike however they were stored: 3, 3.0 and "3" are "3"."""
    if column.dtype == "bool":
        return column.map({True: "true", False: "false"})
    if pd.api.types.is_float_dtype(column.dtype):
        return column.map(
            lambda v: f"{v:.0f}" if v == round(v) else repr(float(v)),
            na_action="ignore",
        ).astype("str")
    if column.dtype == "str":
        return column
    text = column.astype("str")
    return text.mask(column.isna())
