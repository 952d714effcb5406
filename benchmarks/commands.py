"""How long compiling takes beside `dbt compile`, after each kind of edit, and what the small commands take."""

from __future__ import annotations

import itertools
import sys
import time
from typing import TYPE_CHECKING

from contenders import FLOE_COMMAND, remove
from environments import installed
from measure import Contender, Sample, alternate, report

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from contenders import Work

COLD = "floe compile, the first time"
DBT_COLD = "dbt compile, cold"
DBT_WARM = "dbt compile, warm"
BARE = "python -c pass"


def measure(work: Work, models: int, rounds: int) -> dict[str, dict[str, Sample]]:
    """Time compiling and the small commands on a project of so many models."""
    project = work.folder / "floe"
    work.copy(project)
    compiling = alternate(_compiling(work, project, rounds), rounds)
    compiling_title = f"Compiling {models:,} models, {2 * models:,} tests"
    report(compiling_title, compiling, DBT_COLD)
    ratio = compiling[COLD].median / compiling[DBT_COLD].median
    print(f"\ncompiling the first time takes {ratio:.2f} times as long as cold `dbt compile`")
    small = alternate(_small(project), rounds)
    small_title = f"Small commands, {models:,} models"
    report(small_title, small, BARE)
    return {compiling_title: compiling, small_title: small}


def _compiling(work: Work, project: Path, rounds: int) -> list[Contender]:
    own, compile_ = project / "dbt" / "models", [FLOE_COMMAND, "compile"]
    macros = project / "dbt" / "macros"
    macros.mkdir()
    peer = work.folder / "dbt"
    work.copy_for_peers(peer)
    theirs, dbt_compile = peer / "dbt", [str(installed("dbt") / "dbt"), "compile", "--quiet", "--profiles-dir", "."]
    return [
        Contender(DBT_COLD, dbt_compile, theirs, lambda: remove(theirs / "target"), rounds=min(rounds, 3)),
        Contender(DBT_WARM, dbt_compile, theirs, rounds=min(rounds, 3)),
        Contender(COLD, compile_, project, lambda: remove(project / ".floe"), rounds=min(rounds, 3)),
        Contender("… after an edit of a model", compile_, project, _edit(own / "model_0003.sql", "-- edit {}\n")),
        Contender("… after a comment in schema.yml", compile_, project, _edit(own / "schema.yml", "# edit {}\n")),
        Contender("… after a new macro", compile_, project, _edit(macros / "new.sql", _MACRO)),
        Contender("… with nothing changed", compile_, project, _settle),
    ]


_MACRO = "{{% macro edit_{}() %}} {{% endmacro %}}\n"


def _edit(file: Path, line: str) -> Callable[[], None]:
    """Append another line at each call."""
    numbers = itertools.count()

    def edit() -> None:
        with file.open("a") as stream:
            stream.write(line.format(next(numbers)))

    return edit


def _settle() -> None:
    """Times of files count only when they are a second old; a user's are."""
    time.sleep(1.2)


def _small(project: Path) -> list[Contender]:
    said = {
        "floe --help": ["--help"],
        "floe validate": ["validate"],
        "floe compile, unchanged": ["compile"],
        "floe ls": ["ls"],
        "floe run -s, one view": ["run", "-s", "model_0000"],
        "floe test -s, one table": ["test", "-s", "model_0002"],
        "floe show, one table": ["show", "main.model_0002"],
    }
    published = Contender("floe run", [FLOE_COMMAND, "run"], project)
    contenders = [Contender(name, [FLOE_COMMAND, *arguments], project) for name, arguments in said.items()]
    return [published, Contender(BARE, [sys.executable, "-c", "pass"], project), *contenders]
