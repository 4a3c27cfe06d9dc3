"""Files of the user's, run from another text than stands in them.

What a change cannot reach in live objects, an activation that is a function say, is
edited in the text (`wellfit.sources`), which is then run in the place of the file. The
file stays as it is, and so do the lines that tracebacks name.
"""

import ast
import json
import os
import sys
import types
from collections.abc import Callable, Mapping
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from typing import Any

Original = Callable[[str], str]  # of a path in a mirror, that which it stands for


class Edited(MetaPathFinder):
    """The texts, by the paths of the files; modules are loaded from them."""

    def __init__(self, texts: Mapping[str, str], original: Original) -> None:
        self._texts = texts
        self._original = original

    @classmethod
    def read(cls, path: str | None, original: Original) -> "Edited":
        """Those in a file that `write_texts` wrote; none without one."""
        if path is None:
            return cls({}, original)
        said = json.loads(Path(path).read_text(encoding="utf-8"))
        texts = {os.path.realpath(file): text for file, text in said.items()}
        return cls(texts, original)

    def attach(self) -> None:
        """Load modules from these texts from now on."""
        if self._texts:
            sys.meta_path.insert(0, self)

    def of(self, path: str) -> str | None:
        """The text that is run in the place of a file; None where that is its own."""
        return self._texts.get(os.path.realpath(self._original(path)))

    def find_spec(self, name: str, path: Any, target: Any = None) -> ModuleSpec | None:
        """The module's own spec, whose loader takes the text; None of any other."""
        spec = PathFinder.find_spec(name, path, target)
        if spec is None or spec.origin is None:
            return None
        text = self.of(spec.origin)
        if text is None:
            return None
        spec.loader = _Loader(name, spec.origin, text)
        return spec


class _Loader(SourceFileLoader):
    def __init__(self, name: str, path: str, text: str) -> None:
        super().__init__(name, path)
        self._text = text

    def get_code(self, fullname: str) -> types.CodeType:
        """The code of the text: what is cached is that of the file."""
        path = self.get_filename(fullname)
        return compiled(Path(path).read_bytes().decode(), self._text, path)


def write_texts(folder: Path, texts: Mapping[Path, str]) -> str | None:
    """Keep texts in a run folder, for the process of the script; where they are."""
    if not texts:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "edited.json"
    said = {str(file): text for file, text in texts.items()}
    path.write_text(json.dumps(said), encoding="utf-8")
    return str(path.absolute())


def compiled(before: str, after: str, path: str) -> types.CodeType:
    """The code of a text, whose lines are those of the file that it was edited from."""
    from difflib import SequenceMatcher

    old, new = before.splitlines(), after.splitlines()
    lines = list(range(1, len(new) + 2))  # of the file, for each of the text
    for _, i, j, k, m in SequenceMatcher(a=old, b=new, autojunk=False).get_opcodes():
        for place in range(k, m):
            lines[place] = min(i + place - k, max(j - 1, i)) + 1
    tree = ast.parse(after, path)
    for node in ast.walk(tree):
        for name in ("lineno", "end_lineno"):
            line = getattr(node, name, None)
            if line is not None:
                setattr(node, name, lines[line - 1])
    return compile(tree, path, "exec", dont_inherit=True)
