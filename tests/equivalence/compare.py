"""Assertions on the two halves of a project."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb

from .harness import quoted

if TYPE_CHECKING:
    from pathlib import Path

    from .harness import Outcome, Twins


@dataclass(frozen=True)
class BuiltTwins:
    """A project that both have built, and what they said."""

    twins: Twins
    ours: Outcome
    theirs: Outcome

    def assert_same(self) -> None:
        """Both succeeded, with equal verdicts, tables and views."""
        assert_same_verdicts(self.ours, self.theirs)
        assert self.ours.exit_code == 0, self.ours.output
        different = self.twins.all_differences()
        assert not different, "\n".join(different)


def assert_same_verdicts(ours: Outcome, theirs: Outcome) -> None:
    """Each node and test of dbt ended for Floe as for dbt, with as many failing rows."""
    said = {name: (ours.statuses.get(name), ours.failures.get(name)) for name in theirs.statuses}
    expected = {name: (status, theirs.failures.get(name)) for name, status in theirs.statuses.items()}
    different = [f"{name}: {said[name]}, expected {expected[name]}" for name in said if said[name] != expected[name]]
    assert not different, "\n".join(different)
    assert ours.exit_code == theirs.exit_code, ours.output


def assert_same(twins: Twins, *arguments: str) -> None:
    """Build both halves, which must succeed, and compare verdicts, tables and views."""
    BuiltTwins(twins, twins.floe_run(*arguments), twins.dbt_build(*arguments)).assert_same()


def replace(path: Path, *replacements: tuple[str, str]) -> None:
    """Edit a file of the project; what is to be replaced must be there."""
    text = path.read_text("utf-8")
    for old, new in replacements:
        assert old in text, f"{old!r} is not in {path}"
        text = text.replace(old, new)
    path.write_text(text, "utf-8")


def assert_readers_agree(twins: Twins) -> None:
    """Plain DuckDB over the data files that plain PyIceberg lists reads the rows that PyIceberg reads."""
    for key in twins.published_assets():
        table = twins.table(key)
        by_pyiceberg = table.scan().to_arrow()
        files = [task.file.file_path.removeprefix("file://") for task in table.scan().plan_files()]
        assert len(files) == len(set(files)), key
        if not files:
            assert by_pyiceberg.num_rows == 0, key
            continue
        columns = ", ".join(quoted(name) for name in by_pyiceberg.column_names)
        with duckdb.connect() as connection:
            connection.register("theirs", by_pyiceberg)
            connection.execute(f"CREATE VIEW files AS FROM read_parquet({files!r})")
            for one, other in (("files", "theirs"), ("theirs", "files")):
                surplus = connection.execute(
                    f"SELECT {columns} FROM {one} EXCEPT ALL SELECT {columns} FROM {other}"
                ).fetchall()
                assert surplus == [], f"{key}: only in {one}"
