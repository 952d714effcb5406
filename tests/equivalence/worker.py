"""A process that runs one command of `dbt` or `floe` after the other, so that their imports are paid once.

Each line of its input is a command as JSON: arguments, folder and environment. Each line of its output is what came
of it: exit code and the text that was written.
"""

from __future__ import annotations

import contextlib
import gc
import io
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from dbt_common.tests import enable_test_caching

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def dbt(arguments: list[str]) -> int:
    """A command of dbt's, with the exit code of its own command line.

    With `--no-write-json` its results are written none the less, but not its manifest, which takes longer than a build.
    """
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    try:
        result = dbtRunner().invoke(arguments)
    finally:
        # The tests look into the database file next.
        if DuckDBConnectionManager._ENV is not None:
            DuckDBConnectionManager._ENV.close()
        DuckDBConnectionManager.close_all_connections()
    if result.exception is not None:
        sys.stderr.write(f"{result.exception}\n")
        return 2
    if "--no-write-json" in arguments and result.result is not None:
        result.result.write(str(Path(arguments[arguments.index("--target-path") + 1]) / "run_results.json"))
    return 0 if result.success else 1


def floe(arguments: list[str]) -> int:
    """A command of Floe's."""
    from floe.cli.main import main

    return main(arguments)


PROGRAMS = {"dbt": dbt, "floe": floe}


@contextlib.contextmanager
def surroundings(folder: str, environment: Mapping[str, str]) -> Iterator[None]:
    """The folder and the environment of a command, as a process of its own would have them."""
    kept = dict(os.environ)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(kept)


def serve(program: str) -> None:
    """Run commands until there are no more."""
    sys.path.append(str(Path(__file__).parents[2]))
    from tests.unmeasured import leave_dbt_unmeasured

    enable_test_caching()  # dbt reads its own macros once, not once for each project
    gc.set_threshold(100_000)  # there is little garbage, and very many objects are looked through for it
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    for line in sys.stdin:
        command = json.loads(line)
        out, err = io.StringIO(), io.StringIO()
        here = surroundings(command["folder"], command["environment"])
        leave_dbt_unmeasured()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), here:
            status = PROGRAMS[program](command["arguments"])
        answer = {"status": status, "out": out.getvalue(), "err": err.getvalue()}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    serve(sys.argv[1])
