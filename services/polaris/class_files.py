"""Reads Java class files: what a class declares, and what it refers to (JVM specification, chapter 4)."""

from __future__ import annotations

import struct
import zipfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_PAIRS = {9: "field", 10: "method", 11: "method", 12: "", 17: "", 18: ""}
_PUBLIC, _STATIC = 0x0001, 0x0008


@dataclass(frozen=True)
class Member:
    """A field or method by owner, name and descriptor, e.g. `()Ljava/lang/String;`."""

    kind: str
    owner: str
    name: str
    descriptor: str


@dataclass
class ClassFile:
    """One class. Names have slashes: `org/apache/polaris/core/PolarisCallContext`."""

    name: str
    interfaces: list[str] = field(default_factory=list)
    fields: list[str] = field(default_factory=list)
    methods: list[tuple[str, str]] = field(default_factory=list)
    """Name and descriptor of the public methods of instances."""
    classes: set[str] = field(default_factory=set)
    """Every class that the constant pool names."""
    members: set[Member] = field(default_factory=set)
    """Every member of other classes that the code uses."""


def classes_of(jars: Iterable[Path]) -> dict[str, ClassFile]:
    """Every class of some jars, by name."""
    found = {}
    for jar in jars:
        with zipfile.ZipFile(jar) as archive:
            for name in archive.namelist():
                if name.endswith(".class") and "module-info" not in name:
                    read = _Reader(archive.read(name)).read()
                    found[read.name] = read
    return found


class _Reader:
    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 8  # after the magic number and the version

    def read(self) -> ClassFile:
        self._read_pool()
        self._number()
        result = ClassFile(self._class_name(self._number()))
        self._number()
        result.interfaces = [self._class_name(self._number()) for _ in range(self._number())]
        result.fields = [name for _, name, _ in self._members()]
        result.methods = [
            (name, text) for flags, name, text in self._members() if flags & _PUBLIC and not flags & _STATIC
        ]
        for entry in self._pool.values():
            if entry[0] == 7:
                result.classes.add(self._text(entry[1]))
            elif entry[0] in (9, 10, 11):
                _, name, descriptor = self._pool[entry[2]]
                owner = self._class_name(entry[1])
                result.members.add(Member(_PAIRS[entry[0]], owner, self._text(name), self._text(descriptor)))
        return result

    def _read_pool(self) -> None:
        self._pool: dict[int, tuple] = {}
        count, index = self._number(), 1
        while index < count:
            tag = self._content[self._at]
            self._at += 1
            if tag == 1:
                length = self._number()
                self._pool[index] = (tag, self._content[self._at : self._at + length].decode("utf-8", "replace"))
                self._at += length
            elif tag in (7, 8, 16, 19, 20):
                self._pool[index] = (tag, self._number())
            elif tag in _PAIRS:
                self._pool[index] = (tag, self._number(), self._number())
            else:  # numbers and method handles
                self._at += {3: 4, 4: 4, 5: 8, 6: 8, 15: 3}[tag]
            index += 2 if tag in (5, 6) else 1

    def _members(self) -> list[tuple[int, str, str]]:
        found = []
        for _ in range(self._number()):
            found.append((self._number(), self._text(self._number()), self._text(self._number())))
            for _ in range(self._number()):
                self._at += 2
                (length,) = struct.unpack(">I", self._content[self._at : self._at + 4])
                self._at += 4 + length
        return found

    def _number(self) -> int:
        (value,) = struct.unpack(">H", self._content[self._at : self._at + 2])
        self._at += 2
        return value

    def _class_name(self, index: int) -> str:
        return self._text(self._pool[index][1])

    def _text(self, index: int) -> str:
        return self._pool[index][1]
