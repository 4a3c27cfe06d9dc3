"""Values that mean the same and are written differently: words, units, dates, yes."""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd  # noqa: TID253
from numpy.typing import NDArray

from wellfit.data.columns import (
    DATE_FORMATS,
    FALSE,
    LOOKED_AT,
    NEARLY_ALL,
    TRUE,
    Kind,
    Series,
    finite,
)

Floats = NDArray[np.float64]

MOST_LEVELS = 20_000  # different values of a column that are compared
LONG = 6  # letters: shorter words are one letter apart and mean another thing
RARE = 50  # times as rare as the word beside it, for a slip of the pen
SLIPS = 2000  # different values at most that slips are looked for among
SHOWN = 5
LEAST = 5  # rows of each scale, before a column has two
MEASURED = 100  # rows of a column of both signs: of 60, a tail is a heap in 1 of 800
FEWEST = 20  # rows of a lump, for its deviation to be known to a sixth; of a heap too
SAME = 0.01  # the least p-value, of Kolmogorov and Smirnov's test, of heaps of one form
VALLEY = 0.5  # of a decade, in the middle between two heaps of sizes
FEW = 0.1  # of the smaller heap, may lie there: of normal values 2 % do, a hundredth of
# the deviation from zero
FACTORS = (25.4, 100.0, 1000.0, 1e6)  # smaller ones look like two kinds of things
NUMBER_UNIT = re.compile(r"^[-+]?[$€£]?\s*\d[\d.,]*\s*([^\W\d_]{1,6}|[%°$€£][CF]?)$")
JOINTS = re.compile(r"(?<![\d])[\s._'’‐–-]+(?![\d])")


def folded(value: str) -> str:
    """A value without case, accents, and what only joins or ends its letters.

    >>> folded("N.Y.") == folded("ny ") == folded("NY")
    True
    >>> folded("1.5") == folded("15"), folded("10-14") == folded("1014")
    (False, False)
    """
    plain = unicodedata.normalize("NFKD", value)
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    bare = JOINTS.sub("", plain.casefold())
    return bare or value


def inconsistencies(
    frame: pd.DataFrame, kinds: Mapping[str, Kind], other: pd.DataFrame | None = None
) -> list[dict[str, Any]]:
    """Of the fact `data`: `inconsistent`, an entry a column and a kind of it.

    `other` is the validation part: a spelling that only stands there counts as well.
    """
    found: list[dict[str, Any]] = []
    for name in frame.columns:
        column = frame[name]
        if pd.api.types.is_bool_dtype(column.dtype):
            continue
        if pd.api.types.is_numeric_dtype(column.dtype):
            found += _scales(column) if kinds[name] is Kind.NUMBER else []
        elif pd.api.types.is_string_dtype(column.dtype):
            counts = _counts(column, other, str(name))
            found += _text(str(name), counts, kinds[name])
    return found


def _counts(column: Series, other: pd.DataFrame | None, name: str) -> Counter[str]:
    counts = Counter(_levels(column))
    if other is not None and name in other and other[name].dtype == column.dtype:
        counts.update(_levels(other[name]))
    return counts


def _levels(column: Series) -> dict[str, int]:
    counts = column.value_counts().head(MOST_LEVELS)
    return {str(k): int(n) for k, n in counts.items()}


def _text(name: str, counts: Counter[str], kind: Kind) -> Iterator[dict[str, Any]]:
    if not counts or kind is Kind.TEXT:
        return
    rows = sum(counts.values())
    for what, groups in (
        ("yes and no", _truths(counts)),
        ("units", _units(counts)),
        ("dates", _dates(counts)),
        ("spelling", _spellings(counts)),
        ("slips", _slips(counts) if kind is Kind.CATEGORY else []),
    ):
        if groups:
            yield _said(name, what, groups, rows)
            if what != "spelling":
                return


def _said(
    name: str, what: str, groups: list[dict[str, int]], rows: int
) -> dict[str, Any]:
    """`affected` are the rows that would change if each group had one spelling."""
    affected = sum(sum(g.values()) - max(g.values()) for g in groups)
    worst = sorted(groups, key=lambda g: -sum(g.values()) + max(g.values()))
    return {
        "name": name,
        "what": what,
        "affected": affected,
        "share": affected / rows,
        "groups": len(groups),
        "examples": [dict(Counter(g).most_common(4)) for g in worst[:SHOWN]],
    }


def _spellings(counts: Counter[str]) -> list[dict[str, int]]:
    together: dict[str, dict[str, int]] = defaultdict(dict)
    for value, count in counts.items():
        together[folded(value)][value] = count
    return [g for key, g in together.items() if len(g) > 1 and len(key) > 1]


def _truths(counts: Counter[str]) -> list[dict[str, int]]:
    """Several words for yes, or for no, in a column of nothing else."""
    lower = {v.lower() for v in counts}
    if not lower <= TRUE | FALSE or len(lower) < 3:
        return []
    sides = [{v: n for v, n in counts.items() if v.lower() in s} for s in (TRUE, FALSE)]
    return [s for s in sides if len({v.lower() for v in s}) > 1]


def _units(counts: Counter[str]) -> list[dict[str, int]]:
    """Numbers with units that differ, or of which some have none."""
    rows, by_unit = sum(counts.values()), Counter[str]()
    for value, count in counts.items():
        if matched := NUMBER_UNIT.match(value):
            by_unit[matched[1].lower()] += count
        elif re.fullmatch(r"[-+]?\d[\d.,]*", value):
            by_unit["no unit"] += count
    measured = sum(by_unit.values()) >= NEARLY_ALL * rows
    named = [u for u in by_unit if u != "no unit"]
    if not measured or not named or len(by_unit) < 2 or len(by_unit) > 6:
        return []
    return [dict(by_unit)]


def _dates(counts: Counter[str]) -> list[dict[str, int]]:
    """Dates in two formats or more, none of which nearly all of them follow."""
    values = pd.Series([v for v, _ in counts.most_common(LOOKED_AT)], dtype="str")
    weights = np.array([counts[v] for v in values])
    if len(values) < 2 or values.str.contains(r"\d").mean() < NEARLY_ALL:
        return []
    if values.str.len().max() > 40 or not values.str.contains(r"[-/. ]").all():
        return []
    left, groups = np.ones(len(values), dtype=bool), {}
    fits = {form: _follows(values, form) for form in DATE_FORMATS}
    while left.any():
        best = max(fits, key=lambda form: int(weights[left & fits[form]].sum()))
        taken = left & fits[best]
        if not taken.any():
            break
        groups[f"{best} ({values[taken].iloc[0]})"] = int(weights[taken].sum())
        left &= ~taken
    dated = sum(groups.values()) >= NEARLY_ALL * weights.sum()
    return [groups] if dated and len(groups) > 1 else []


def _follows(values: Series, form: str) -> Any:
    parsed = pd.to_datetime(values, format=form, errors="coerce", utc=True)
    return parsed.notna().to_numpy()


def _slips(counts: Counter[str]) -> list[dict[str, int]]:
    """Rare words one letter away from one that is 50 times as frequent."""
    if len(counts) > SLIPS:
        return []
    bare = {v: v.casefold() for v in counts if len(v) >= LONG and v[-1].isalpha()}
    nearby: dict[str, set[str]] = defaultdict(set)
    for value, low in bare.items():
        for short in {low[:i] + low[i + 1 :] for i in range(len(low))} | {low}:
            nearby[short].add(value)
    groups: dict[str, dict[str, int]] = {}
    for beside in nearby.values():
        most = max(beside, key=lambda v: counts[v])
        rare = [v for v in beside if counts[v] * RARE <= counts[most]]
        for value in rare:
            if bare[value][0] == bare[most][0] and not _differ_in_number(value, most):
                groups.setdefault(most, {most: counts[most]})[value] = counts[value]
    return list(groups.values())


def _differ_in_number(one: str, other: str) -> bool:
    """Whether it is the digits in which they differ: Room 1 is not Room 2."""
    return re.sub(r"\D", "", one) != re.sub(r"\D", "", other)


def _scales(column: Series) -> Iterator[dict[str, Any]]:
    """Numbers in two heaps, a known factor apart: metres among centimetres.

    Of numbers of both signs it is how far they are from their median, for they may have
    been centred since; a few may lie between the heaps, near the median in any unit.
    """
    values = finite(column)
    known = values[~np.isnan(values)]
    signed = bool(np.any(known < 0))
    if len(known) < (MEASURED if signed else 4 * LEAST):
        return
    if signed and (lumps := _lumps(np.sort(known))) is not None:
        yield _said(str(column.name), "scale", [lumps[0]], len(known)) | lumps[1]
        return
    sizes = _sizes(known, signed=signed)
    if len(sizes) < 4 * LEAST or len(np.unique(sizes[:1000])) < LEAST:
        return
    logs = np.log10(sizes)
    cut = _valley(logs) if signed else int(np.argmax(np.diff(logs))) + 1
    low, high = logs[:cut], logs[cut:]
    if min(len(low), len(high)) < (FEWEST if signed else LEAST):
        return
    apart = float(np.median(high) - np.median(low))
    spread = max(float(np.std(low)), float(np.std(high)))
    # How far normal values are from their median spreads over a decade of itself.
    factors = [f for f in FACTORS if f >= 100 or not signed]
    factor = min(factors, key=lambda f: abs(np.log10(f) - apart))
    error = abs(float(np.log10(factor)) - apart)
    chance = 3 * spread / np.sqrt(min(len(low), len(high))) + 0.02  # 0.02: rounding
    parted = _parted(logs, cut, spread, signed=signed)
    if error > chance or not parted or not _alike(low, high, signed=signed):
        return
    groups = {
        f"{sizes[0]:.4g} to {sizes[cut - 1]:.4g}": cut,
        f"{sizes[cut]:.4g} to {sizes[-1]:.4g}": len(sizes) - cut,
    }
    said = _said(str(column.name), "scale", [groups], len(sizes))
    yield {**said, "factor": factor}


def _sizes(known: Floats, *, signed: bool) -> Floats:
    """What is compared, sorted; nothing where zeros are among sizes.

    Those are counts, whose tails are their own.
    """
    if signed:
        known = known - np.median(known)
    elif known.min() <= 0:
        return known[:0]
    return np.sort(np.abs(known[known != 0]))


def _lumps(known: Floats) -> tuple[dict[str, int], dict[str, Any]] | None:
    """Two lumps whose deviations are a known factor apart: units, centred since then.

    Where zero was is told from them: a quantity that is measured lies above it.
    """
    cut = int(np.argmax(np.diff(known))) + 1
    parts = known[:cut], known[cut:]
    if min(map(len, parts)) < FEWEST:
        return None
    small, large = sorted(parts, key=lambda part: float(np.std(part)))
    gap, narrow = known[cut] - known[cut - 1], float(np.std(small))
    if narrow == 0 or gap < 2 * float(np.std(large)):
        return None
    ratio = float(np.std(large)) / narrow
    factor = min(FACTORS, key=lambda f: abs(np.log(f / ratio)))
    error = 3 * np.sqrt(0.5 / len(small) + 0.5 / len(large))
    zero = (factor * small.mean() - large.mean()) / (factor - 1)
    if abs(np.log(factor / ratio)) > error or (small.mean() - zero) < 2 * narrow:
        return None
    groups = {f"{p[0]:.4g} to {p[-1]:.4g}": len(p) for p in parts}
    return groups, {"factor": factor}


def _alike(low: Floats, high: Floats, *, signed: bool) -> bool:
    """Whether two heaps have one form: the same things were measured."""
    if not 0.5 < (float(np.std(low)) + 1e-9) / (float(np.std(high)) + 1e-9) < 2:
        return False
    if not signed:
        return True
    from scipy.stats import ks_2samp

    centred = low - np.median(low), high - np.median(high)
    return bool(ks_2samp(*centred, method="asymp").pvalue >= SAME)


def _valley(logs: Floats) -> int:
    """Where two heaps are parted best, the variance within them least (Otsu, 1979)."""
    count = np.arange(1, len(logs))
    sums = np.cumsum(logs)
    below, above = sums[:-1] / count, (sums[-1] - sums[:-1]) / (len(logs) - count)
    between = count * (len(logs) - count) * (above - below) ** 2
    return int(np.argmax(between)) + 1


def _parted(logs: Floats, cut: int, spread: float, *, signed: bool) -> bool:
    """Whether there is a gap between the heaps or, of sizes, next to nothing."""
    if not signed:
        return bool(logs[cut] - logs[cut - 1] >= max(0.15, spread))
    middle = (np.median(logs[:cut]) + np.median(logs[cut:])) / 2
    within = np.count_nonzero(np.abs(logs - middle) < VALLEY / 2)
    return bool(within <= FEW * min(cut, len(logs) - cut))
