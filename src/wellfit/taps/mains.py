"""What a script or a module is run as: the module `__main__`, as `python` makes it."""

import builtins
import importlib.util
import io
import os
import sys
import types
from collections.abc import Callable
from importlib.machinery import SourceFileLoader
from pathlib import Path

from wellfit.taps.edited import Edited, compiled
from wellfit.taps.patches import UNSEEN

HERE = Path(__file__).parent  # the taps: their lines are kept out of tracebacks


def script_at(
    path: str, edited: Edited
) -> tuple[types.ModuleType, Callable[[], types.CodeType]]:
    """The module `__main__` of a script, and what compiles its source."""
    where = Path(path)
    if where.is_dir():  # as `python folder` does
        sys.path[0] = str(where)
        where /= "__main__.py"
    else:
        sys.path[0] = str(where.resolve().parent)
    filename = os.path.abspath(where)  # noqa: PTH100 (resolves no link, as Python)
    main = types.ModuleType("__main__")
    main.__dict__.update(
        __file__=filename,
        __cached__=None,
        __loader__=SourceFileLoader("__main__", filename),
        __builtins__=builtins,
    )

    def code() -> types.CodeType:
        with io.open_code(filename) as file:
            source = file.read()
        text, null, _ = source.partition(b"\0")
        if null:  # a binary: `compile` would not say where
            line = (text.splitlines() or [b""])[-1].decode(errors="replace")
            place = (filename, text.count(b"\n") + 1, None, line)
            raise SyntaxError("source code cannot contain null bytes", place)
        instead = edited.of(filename)
        if instead is not None:
            return compiled(source.decode(), instead, filename)
        return compile(source, filename, "exec", dont_inherit=True)

    return main, code


def module_named(
    name: str, edited: Edited
) -> tuple[types.ModuleType, Callable[[], types.CodeType]]:
    """The same for `-m name`; a package's is its `__main__`.

    What finds modules knows what was `edited`.
    """
    sys.path[0] = str(Path.cwd())
    spec = importlib.util.find_spec(name)
    if spec is not None and spec.submodule_search_locations is not None:
        name = f"{name}.__main__"
        spec = importlib.util.find_spec(name)
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError(f"No module named {name}", name=name)
    found, loader = spec, spec.loader
    main = types.ModuleType("__main__")
    main.__dict__.update(
        __file__=found.origin,
        __cached__=found.cached,
        __loader__=loader,
        __package__=found.parent,
        __spec__=found,
        __builtins__=builtins,
    )
    sys.argv[0] = found.origin or name

    def code() -> types.CodeType:
        kept: types.CodeType | None = loader.get_code(found.name)  # type: ignore[attr-defined]
        if kept is None:
            raise ImportError(f"No code object available for {found.name}")
        return kept

    return main, code


def without_us(error: BaseException) -> BaseException:
    """The exception, and what led to it, with no line of ours in their tracebacks."""
    seen: set[int] = set()
    chain: list[BaseException | None] = [error]
    while chain:
        link = chain.pop()
        if link is not None and id(link) not in seen:
            seen.add(id(link))
            link.__traceback__ = _stripped(link.__traceback__)
            chain += [link.__cause__, link.__context__]
    return error


def _stripped(trace: types.TracebackType | None) -> types.TracebackType | None:
    theirs = []
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if file != UNSEEN and HERE not in Path(file).parents:
            theirs.append(trace)
        trace = trace.tb_next
    kept: types.TracebackType | None = None
    for part in reversed(theirs):
        kept = types.TracebackType(kept, part.tb_frame, part.tb_lasti, part.tb_lineno)
    return kept
