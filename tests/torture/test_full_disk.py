"""A disk that takes no more at any point of a run: a clear error, tables as they were, and a rerun is right (T10)."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Torture

FEW = (0, 600, 5_000, 20_000, 33_000)
LIMITS = (*range(0, 6_000, 250), *range(6_000, 60_000, 1_500)) if "FLOE_TORTURE_KILLS" in os.environ else FEW


def test_a_full_disk_at_any_point_of_a_run_changes_nothing(torture: Torture) -> None:
    history = [torture.next_generation()]
    assert torture.floe("run").returncode == 0
    failed = 0
    for size in LIMITS:
        generation = torture.next_generation()
        # The system refuses to write more into any file, as a full disk would.
        result = torture.floe("run", largest_file=size)
        assert result.returncode in {0, 2}, (size, result.stderr)
        assert "Traceback" not in result.stderr, (size, result.stderr)
        if result.returncode == 0:
            history.append(generation)
        else:
            failed += 1
            assert "error[FLOE-" in result.stderr, (size, result.stderr)
        assert torture.contents() == torture.expected(history[-1], history), (size, result.stderr)

    generation = torture.next_generation()
    again = torture.floe("run")
    assert again.returncode == 0, again.stderr
    history.append(generation)
    assert torture.contents() == torture.expected(generation, history)
    published = torture.published_ever()
    leftovers = {run_id: torture.files_of(run_id) for run_id in run_ids(torture) - published}
    assert not any(leftovers.values()), leftovers
    assert len(published) == len(history)
    assert failed
    sys.stdout.write(f"{len(LIMITS)} limits of file size, {failed} runs failed clean\n")


def run_ids(torture: Torture) -> set[str]:
    return {str(row["run_id"]) for row in torture.journal()}
