"""How numbers are written for people: short, and the same everywhere."""

import math

NAMES = {
    "auc": "AUC",
    "f1": "F1",
    "grad_norm": "gradient norm",
    "mae": "MAE",
    "r2": "R²",
    "rmse": "RMSE",
}


def number(value: float | None) -> str:
    """Four significant digits, thousands separated; a dash for nothing.

    >>> [number(v) for v in (0.41237, 12345.6, 3.0, 0.000012, None)]
    ['0.4124', '12,346', '3', '1.2e-05', '–']
    >>> number(float("nan")), number(float("-inf"))
    ('NaN', '-inf')
    """
    if value is None:
        return "–"
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return f"{value:.0f}"
    size = abs(value)
    if value == int(value) and size < 1e9:
        return f"{int(value):,}"
    if size >= 1e6 or size < 1e-3:
        return f"{value:.3g}"
    return f"{value:,.0f}" if size >= 1000 else f"{value:.4g}"


def share(value: float | None) -> str:
    """A share of one, in percent; small ones keep two digits.

    >>> [share(v) for v in (0.5, 0.012345, 1.0, 0.0001, None)]
    ['50 %', '1.2 %', '100 %', '0.01 %', '–']
    """
    if value is None:
        return "–"
    percent = 100 * value
    if not math.isfinite(percent):
        return number(percent)
    return f"{percent:.0f} %" if abs(percent) >= 10 else f"{percent:.2g} %"


def duration(seconds: float | None) -> str:
    """A time that passed, in the two largest units that matter.

    >>> [duration(s) for s in (0.0042, 0.4, 3.21, 75, 3725, 200_000, None)]
    ['4 ms', '0.4 s', '3.2 s', '1 min 15 s', '1 h 2 min', '2 d 8 h', '–']
    """
    if seconds is None or not math.isfinite(seconds):
        return "–"
    if seconds < 0.1:
        return f"{1000 * seconds:.0f} ms"
    if seconds < 59.5:
        return f"{seconds:.2g} s"
    for large, small, size in (("d", "h", 3600), ("h", "min", 60), ("min", "s", 1)):
        ratio = 24 if large == "d" else 60
        whole, rest = divmod(round(seconds / size), ratio)
        if whole:
            return f"{whole} {large} {rest} {small}"
    return f"{seconds:.0f} s"


def size(of_bytes: float | None) -> str:
    """A number of bytes, in the largest unit that leaves something before the point.

    >>> [size(b) for b in (0, 512, 48_000, 1.25e9, 85_000_000_000, None)]
    ['0 B', '512 B', '48 kB', '1.2 GB', '85 GB', '–']
    """
    if of_bytes is None or not math.isfinite(of_bytes):
        return "–"
    for unit, power in (("TB", 12), ("GB", 9), ("MB", 6), ("kB", 3)):
        value = of_bytes / 10**power
        if value >= 1:
            return f"{value:.0f} {unit}" if value >= 10 else f"{value:.2g} {unit}"
    return f"{of_bytes:.0f} B"


def quantity(name: str) -> str:
    """A signal's or a metric's name, as it is written in running text.

    >>> [quantity(n) for n in ("rmse", "r2", "grad_norm")]
    ['RMSE', 'R²', 'gradient norm']
    """
    return NAMES.get(name, name.replace("_", " "))


def capital(text: str) -> str:
    """The text with its first letter large, and the others as they are."""
    return text[:1].upper() + text[1:]


def count(number_of: int, noun: str) -> str:
    """A number of things; the noun takes an s where there is not one.

    >>> count(1, "step"), count(1200, "step")
    ('1 step', '1,200 steps')
    """
    return f"{number_of:,} {noun}" + ("" if number_of == 1 else "s")


def listed(names: tuple[str, ...], most: int = 3) -> str:
    """A few of the names, and how many more there are.

    >>> listed(("a", "b")), listed(("a", "b", "c", "d", "e"))
    ('a, b', 'a, b, c and 2 more')
    """
    shown = ", ".join(names[:most])
    return shown + (f" and {len(names) - most} more" if len(names) > most else "")
