"""The end of a run in words: what failed and why, what was published, tested and skipped, how long it took."""

from __future__ import annotations

from typing import TYPE_CHECKING

from floe.lake.base import MAIN
from floe.observe.failures import Setting, brief_lines, data_test_lines, failure_lines, title
from floe.observe.wording import INDENT, clip, count, counts, duration, verb
from floe.runtime.events import NodeStatus, RunStatus, TestStatus

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Sequence

    from floe.observe.tally import Tally
    from floe.observe.wording import Paint
    from floe.runtime.events import PublishFinished, RunFinished, RunStarted, TablePublished

_MAXIMUM_TABLES = 12
_MAXIMUM_WARNINGS = 5
_LEAST_NAME = 8
"""Columns that a table's name has at least, however narrow the terminal."""
_ENDED = {
    RunStatus.SUCCEEDED: "Succeeded",
    RunStatus.FAILED: "Failed",
    RunStatus.CANCELLED: "Cancelled",
}


def findings(tally: Tally, paint: Paint, width: int, *, every: bool) -> list[str]:
    """A block for each failure, with blank lines between; warnings first, because the last lines are read most.

    `every` shows all warnings in full; else the first few in brief and how many more there are.
    """
    setting = Setting(paint, width, published=_is_published(tally))
    blocks = _warnings(tally, setting, every=every)
    blocks += [
        failure_lines(node.failure, paint, tally.skipped_because_of(key))
        for key, node in tally.nodes.items()
        if node.failure
    ]
    blocks += [failure_lines(hook.failure, paint) for hook in tally.hooks.values() if hook.failure]
    for test_id, result in tally.results.items():
        skipped = tally.skipped_because_of(test_id)
        if result.failure:
            blocks.append(failure_lines(result.failure, paint, skipped))
        elif result.status is TestStatus.FAIL:
            blocks.append(data_test_lines(result, tally.tests[test_id], setting, skipped))
    if tally.publish_failed and tally.publish_failed.failure:
        blocks.append(failure_lines(tally.publish_failed.failure, paint))
    if tally.finished and tally.finished.failure:
        blocks.append(failure_lines(tally.finished.failure, paint))
    return [line for block in blocks for line in ("", *block)]


def _warnings(tally: Tally, setting: Setting, *, every: bool) -> list[list[str]]:
    """With `every` a block for each warned test; else one block with the first of them, briefly."""
    warned = [(test_id, event) for test_id, event in tally.results.items() if event.status is TestStatus.WARN]
    if every:
        return [data_test_lines(event, tally.tests[test_id], setting) for test_id, event in warned]
    if len(warned) == 1:
        return [brief_lines(event, tally.tests[test_id], setting) for test_id, event in warned]
    lines = [title(event, tally.tests[test_id], setting.paint) for test_id, event in warned[:_MAXIMUM_WARNINGS]]
    if len(warned) > _MAXIMUM_WARNINGS:
        rest = count(len(warned) - _MAXIMUM_WARNINGS, "more test")
        lines.append(f"{setting.paint.yellow('warning:')} {rest} warned")
    return [[*lines, f"{setting.paint.cyan('hint:')} `-v` shows the rows that each of them found"]] if lines else []


def _is_published(tally: Tally) -> bool:
    testing_only = tally.started is not None and tally.started.command == "test"
    return testing_only or not (tally.withheld or tally.publish_failed)


def summary(tally: Tally, paint: Paint, width: int, *, every: bool) -> list[str]:
    """The last lines of a run. `every` lists all tables; else the first ones and how many more there are."""
    if not tally.started or not tally.finished:
        return []
    lines = _published(tally, paint, width, every=every)
    if tally.results:
        lines.append(f"{paint.bold(verb('Tested'))} {_tested(tally)}")
    if tally.warnings_said:
        lines.append(f"{paint.yellow(verb('Warned'))} {count(tally.warnings_said, 'time')} by the dbt project itself")
    skipped = counts((tally.node_count(NodeStatus.SKIPPED), "asset"), (tally.test_count(TestStatus.SKIPPED), "test"))
    if skipped:
        lines.append(f"{paint.bold(verb('Skipped'))} {skipped}")
    return ["", *lines, _ended(tally.started, tally.finished, paint)]


def _published(tally: Tally, paint: Paint, width: int, *, every: bool) -> list[str]:
    took = duration(tally.publish_seconds)
    lines = _in_warehouse(tally, paint)
    if tally.published:
        branch = tally.started.branch if tally.started else MAIN
        where = "" if branch == MAIN else f" to branch `{branch}`"
        said = f"{count(len(tally.published), 'table')}{where} {_how(tally)}, {took}"
        lines = [f"{paint.bold(verb('Published'))} {said}", *_tables(tally.published, paint, width, every=every)]
    if tally.publish_failed:
        lines += _failed(tally.publish_failed, paint)
    elif tally.withheld:
        reason = "the run was cancelled" if _cancelled(tally) else "something failed"
        lines.append(f"{paint.yellow(verb('Withheld'))} {_withheld(tally)}, because {reason}")
    return lines


def _how(tally: Tally) -> str:
    """In how many steps readers saw the tables change."""
    parts = [part for part in tally.parts if part.status == "published"]
    if all(part.atomic for part in parts):
        return "in one commit" if len(parts) < 2 else f"in {len(parts)} commits, one for each catalog"
    return "one after the other: not in one commit"


def _failed(event: PublishFinished, paint: Paint) -> list[str]:
    """What is as it was before: everything, or what the catalogs hold that did not publish."""
    lines = []
    for part in event.parts:
        names = f"{count(len(part.tables), 'table')} of catalog `{part.catalog}`"
        if part.status == "unknown":
            lines.append(f"{paint.yellow(verb('Unknown'))} {names}: the next command finds out")
        elif part.status != "published":
            lines.append(f"{paint.red(verb('Unchanged'))} {names}")
    if len(event.parts) < 2 and not any(part.status == "unknown" for part in event.parts):
        return [f"{paint.red(verb('Unchanged'))} publishing failed: every table is as it was before"]
    return lines


def _in_warehouse(tally: Tally, paint: Paint) -> list[str]:
    """What a warehouse, which knows no commit of several tables, holds now."""
    warehouse = tally.started.warehouse if tally.started else ""
    built = tally.node_count(NodeStatus.SUCCESS)
    if not warehouse or not built:
        return []
    said = f"{count(built, 'node')} in {warehouse}, each visible since it was built: not in one commit"
    return [f"{paint.bold(verb('Published'))} {said}"]


def _withheld(tally: Tally) -> str:
    if any(table.asset in tally.nodes for table in tally.published):
        return "what failed and what depends on it"
    if tally.published:
        kept = "what hooks and tests keep was" if tally.hooks else "rows of failing tests were"
        return f"every asset: only {kept} published"
    return "every table: none was changed"


def _cancelled(tally: Tally) -> bool:
    return tally.finished is not None and tally.finished.status is RunStatus.CANCELLED


def _tables(published: Sequence[TablePublished], paint: Paint, width: int, *, every: bool) -> list[str]:
    shown = published if every or len(published) <= _MAXIMUM_TABLES else published[: _MAXIMUM_TABLES - 1]
    room = width - len(INDENT)
    counts = _counts(shown)
    names = max(min(max(len(table.table) for table in shown), room - len(counts[0]) - 2), _LEAST_NAME)
    texts = [f"{clip(table.table, names):<{names}}  {told}" for table, told in zip(shown, counts, strict=True)]
    label = _snapshot_label(room - len(texts[0]))
    lines = []
    for table, text in zip(shown, texts, strict=True):
        snapshot = "" if label is None else paint.dim(f"{label}{table.snapshot_id}")
        lines.append(f"{INDENT}{clip_keeping_blanks(text, room)}{snapshot}".rstrip())
    if len(shown) < len(published):
        lines.append(f"{INDENT}… and {count(len(published) - len(shown), 'more table')} (`-v` shows all)")
    return lines


def _snapshot_label(room: int) -> str | None:
    """What stands before a snapshot's id (at most 19 digits) in so many columns; None where the id has no place."""
    return next((label for label in ("  snapshot ", "  ") if len(label) + 19 <= room), None)


def clip_keeping_blanks(text: str, width: int) -> str:
    """The text, at most `width` long, its alignment kept."""
    return text if len(text) <= width else clip(text[: width - 1], width) + "…"


def _counts(tables: Sequence[TablePublished]) -> list[str]:
    """What changed in each table and how many rows it has, in columns."""
    added = max(len(_change(table)) for table in tables)
    totals = max(len(f"{table.rows_total:,}") for table in tables)
    nouns = ["row" if table.rows_total == 1 else "rows" for table in tables]
    width = max(map(len, nouns))
    return [
        f"{_change(table):>{added}}  {table.rows_total:>{totals},} {noun:<{width}}"
        for table, noun in zip(tables, nouns, strict=True)
    ]


def _change(table: TablePublished) -> str:
    removed = f" -{table.rows_removed:,}" if table.rows_removed else ""
    return f"+{table.rows_added:,}{removed}"


def _tested(tally: Tally) -> str:
    data = _verdicts(tally.data_statuses())
    unit = _verdicts(tally.unit_statuses())
    parts = [data, f"unit tests: {unit}" if unit else ""]
    return "; ".join(part for part in parts if part) or "nothing: every test was skipped"


def _verdicts(statuses: Counter[TestStatus]) -> str:
    parts = [
        (statuses[TestStatus.PASS], "passed"),
        (statuses[TestStatus.WARN], "warned"),
        (statuses[TestStatus.FAIL] + statuses[TestStatus.ERROR], "failed"),
        (statuses[TestStatus.CANCELLED], "cancelled"),
    ]
    return ", ".join(f"{number} {word}" for number, word in parts if number)


def _ended(started: RunStarted, finished: RunFinished, paint: Paint) -> str:
    colours = {RunStatus.SUCCEEDED: paint.green, RunStatus.FAILED: paint.red}
    colour = colours.get(finished.status, paint.yellow)
    said = colour(verb(_ENDED.get(finished.status, finished.status.capitalize())))
    return f"{said} in {duration(finished.seconds)}{paint.dim(f'  run {started.run_id}')}"
