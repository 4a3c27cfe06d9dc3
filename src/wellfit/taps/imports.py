"""Something is done once a module has been loaded, however it is imported."""

import importlib.util
import sys
import types
from collections.abc import Callable
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from typing import Any


class OnImport(MetaPathFinder):
    """Calls back once a module has been loaded; stands in `sys.meta_path` till then."""

    def __init__(self, name: str, then: Callable[[], None]) -> None:
        self._name = name
        self._then = then

    def forget(self) -> None:
        """Wait no longer."""
        if self in sys.meta_path:
            sys.meta_path.remove(self)

    def find_spec(self, name: str, path: Any, target: Any = None) -> ModuleSpec | None:
        """The module's own spec, which calls back when it has been executed."""
        if name != self._name:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is None or spec.loader is None:
            return None
        loader: Any = spec.loader
        before = vars(loader).get("exec_module")  # of another that waits for the module

        def exec_module(module: types.ModuleType) -> None:
            del loader.exec_module  # the loader's own again
            if before is not None:
                loader.exec_module = before
            loader.exec_module(module)
            self._then()

        loader.exec_module = exec_module
        return spec
