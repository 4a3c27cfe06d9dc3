"""Which exporters there are: modules of this folder, and entry points of others."""

import inspect
import warnings
from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path

from wellfit.core.errors import UnknownName
from wellfit.exporters.exporter import Exporter

GROUP = "wellfit.exporters"


def opened(wanted: str, *, live: bool = False) -> Exporter:
    """The exporter that `tensorboard` or `tensorboard=DIR` asks for, ready to write.

    `UnknownName` where there is none of that name, `MissingExtra` where its library is
    not installed, `BadSetting` where it cannot write to that place.
    """
    name, _, place = wanted.partition("=")
    kinds = found_exporters()
    if name not in kinds:
        raise UnknownName("exporter", name, among=kinds)
    return kinds[name](place, live=live)


def found_exporters() -> dict[str, type[Exporter]]:
    """Each exporter by name; where a name is taken, wellfit's own stays."""
    kinds: dict[str, type[Exporter]] = {}
    for kind in (*_own(), *_plugged()):
        kinds.setdefault(kind.name, kind)
    return kinds


def _own() -> Iterator[type[Exporter]]:
    for file in sorted(Path(__file__).parent.glob("*.py")):
        if file.stem != "__init__":
            module = import_module(f"{__package__}.{file.stem}")
            members = vars(module).values()
            yield from (
                m for m in members if _is_one(m) and m.__module__ == module.__name__
            )


def _plugged() -> Iterator[type[Exporter]]:
    for point in entry_points(group=GROUP):
        try:
            kind = point.load()
            said = f"{point.value} is not a concrete subclass of Exporter"
        except Exception as error:  # a stranger's module may fail in any way
            kind, said = None, f"{type(error).__name__}: {error}"
        if _is_one(kind):
            yield kind
        else:
            warnings.warn(
                f"the exporter {point.name} was left out: {said}", stacklevel=4
            )


def _is_one(member: object) -> bool:
    is_kind = inspect.isclass(member) and issubclass(member, Exporter)
    return is_kind and not inspect.isabstract(member)
