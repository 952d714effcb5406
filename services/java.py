"""Finds a Java that is new enough, and Maven."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path


class MissingProgramError(Exception):
    """A program that a service needs is not installed."""


def java_home(least: int) -> Path:
    """The home of a Java compiler of at least this version, from `JAVA_HOME`, the PATH or `/usr/lib/jvm`."""
    homes = [Path(os.environ["JAVA_HOME"])] if os.environ.get("JAVA_HOME") else []
    found = shutil.which("javac")
    homes += [Path(found).resolve().parent.parent] if found else []
    homes += sorted(Path("/usr/lib/jvm").glob("*"), reverse=True)
    for home in homes:
        if (home / "bin/javac").exists() and _version(home) >= least:
            return home
    raise MissingProgramError(f"Java {least} or newer is missing: install a JDK, or name one with JAVA_HOME")


def maven() -> str:
    """The path of Maven."""
    found = shutil.which("mvn")
    if found is None:
        raise MissingProgramError("Maven is missing (Debian and Ubuntu: install maven)")
    return found


def _version(home: Path) -> int:
    said = subprocess.run([home / "bin/java", "-version"], capture_output=True, text=True, check=True).stderr
    match = re.search(r'version "(\d+)', said)
    return int(match[1]) if match else 0
