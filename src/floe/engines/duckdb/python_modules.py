"""Imports the files of Python assets: once per session, under names of their own, without leaving traces."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from floe.engines.duckdb.python_faults import python_fault
from floe.errors import NodeError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from types import ModuleType
    from typing import Any

    from floe.artifact.models import PythonFunction

_import_lock = threading.RLock()
_path_users: dict[str, int] = {}


class PythonModules:
    """The imported files of one project. Safe to use from several threads."""

    def __init__(self, project_directory: Path) -> None:
        self._project_directory = project_directory
        self._modules: dict[str, ModuleType] = {}

    def function(self, key: str, python: PythonFunction) -> Callable[..., Any]:
        """The function of an asset.

        Raises:
            NodeError: the file cannot be imported, or has no such function.
        """
        with _import_lock:
            module = self._modules.get(python.file)
            if module is None:
                module = self._modules[python.file] = self._import(key, python.file)
        function = getattr(module, python.function, None)
        if not callable(function):
            reason = f"`{python.file}` has no function `{python.function}`"
            raise NodeError("FLOE-0413", reason, "compile again, so that the artifact knows the functions of the file")
        return function  # type: ignore[no-any-return]

    @contextmanager
    def importable(self, file: str) -> Iterator[None]:
        """Let code import modules of the project, and those beside `file`, inside the block."""
        folders = [str((self._project_directory / file).parent), str(self._project_directory)]
        with _import_lock:
            for folder in folders:
                _path_users[folder] = _path_users.get(folder, 0) + 1
                if _path_users[folder] == 1:
                    sys.path.insert(0, folder)
        try:
            yield
        finally:
            with _import_lock:
                for folder in folders:
                    _path_users[folder] -= 1
                    if _path_users[folder] == 0:
                        sys.path.remove(folder)

    def close(self) -> None:
        """Forget the modules."""
        with _import_lock:
            for module in self._modules.values():
                sys.modules.pop(module.__name__, None)
            self._modules.clear()

    def _import(self, key: str, file: str) -> ModuleType:
        path = self._project_directory / file
        name = f"floe_asset_{hashlib.sha256(str(path).encode()).hexdigest()[:16]}"
        spec = importlib.util.spec_from_file_location(name, path)
        if spec is None or spec.loader is None:
            raise NodeError("FLOE-0413", f"`{file}` is not a Python file", "correct the path of the transform")
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        try:
            with self.importable(file):
                spec.loader.exec_module(module)
        except BaseException as error:
            sys.modules.pop(name, None)
            raise python_fault(
                "FLOE-0413", f"`{key}`: importing `{file}` failed", error, self._project_directory
            ) from error
        return module
