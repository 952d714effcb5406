"""The lines of a run as it goes: one for each asset, with its tests, when both have ended."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from floe.observe.wording import clip, count, duration, verb
from floe.runtime.events import NodeStatus, TestStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from floe.observe.wording import Paint
    from floe.runtime.events import HookFinished, NodeFinished, Said, TestFinished

_BUILT = {"source": "Landed", "seed": "Loaded", "python": "Computed"}
_NAME_COLUMNS = 34
_ROWS_COLUMNS = 13


def node_line(event: NodeFinished, tests: Sequence[TestFinished], paint: Paint, width: int, names: int) -> str:
    """How an asset ended, in `width` columns; `names` is the width that the names of this run want."""
    if event.status is NodeStatus.SUCCESS:
        said = paint.green(verb(_BUILT.get(event.kind, "Built")))
        return f"{said} {_took(event.seconds)}  {_built(event, tests, width - 20, names)}".rstrip()
    if event.status is NodeStatus.ERROR:
        reason = event.failure.reason if event.failure else ""
        said, told = paint.red(verb("Failed")), reason.removeprefix(f"`{event.asset}` failed: ")
    elif event.status is NodeStatus.SKIPPED:
        said, told = paint.yellow(verb("Skipped")), f"because {_cause(event.skipped_because)} failed"
    else:
        said, told = paint.yellow(verb("Cancelled")), ""
    took = _took(event.seconds) if event.seconds else " " * 6
    name = _padded(event.asset, names)
    return f"{said} {took}  {name}  {clip(told, width - 21 - len(name))}".rstrip()


def data_test_line(event: TestFinished, paint: Paint, width: int) -> str:
    """How a test ended, in `width` columns."""
    words = {
        TestStatus.PASS: paint.green(verb("Passed")),
        TestStatus.WARN: paint.yellow(verb("Warned")),
        TestStatus.FAIL: paint.red(verb("Failed")),
        TestStatus.ERROR: paint.red(verb("Failed")),
        TestStatus.SKIPPED: paint.yellow(verb("Skipped")),
        TestStatus.CANCELLED: paint.yellow(verb("Cancelled")),
    }
    took = _took(event.seconds) if event.seconds else " " * 6
    return f"{words[event.status]} {took}  {clip(f'{_kind(event)} {event.name}{_told(event)}', width - 19)}".rstrip()


def hook_line(event: HookFinished, paint: Paint, width: int) -> str:
    """How a hook or an operation ended, in `width` columns."""
    words = {
        NodeStatus.SUCCESS: paint.green(verb("Executed")),
        NodeStatus.ERROR: paint.red(verb("Failed")),
        NodeStatus.SKIPPED: paint.yellow(verb("Skipped")),
        NodeStatus.CANCELLED: paint.yellow(verb("Cancelled")),
    }
    told = f"  because {event.skipped_because} failed" if event.skipped_because else ""
    if event.failure:
        told = f"  {event.failure.reason.removeprefix(f'`{event.name}` failed: ')}"
    took = _took(event.seconds) if event.seconds else " " * 6
    kind = "macro" if event.phase == "operation" else "hook"
    return f"{words[event.status]} {took}  {clip(f'{kind} {event.name}{told}', width - 19)}".rstrip()


def said_lines(event: Said, paint: Paint) -> list[str]:
    """What the dbt project said, as it said it."""
    if event.level == "warning":
        return [f"{paint.yellow('warning:')} {event.node}: {event.text}"]
    return [f"{paint.dim('       dbt')} {line}" for line in event.text.splitlines()] or [""]


def name_columns(keys: Iterable[str]) -> int:
    """How wide the column of names should be for these assets."""
    return min(max(map(len, keys), default=0), _NAME_COLUMNS)


def _kind(event: TestFinished) -> str:
    return "unit test" if event.test.startswith("unit_test.") else "test"


def _told(event: TestFinished) -> str:
    if event.test.startswith("unit_test."):
        return f"  {event.failure.reason}" if event.failure else _skipped(event)
    if event.status in (TestStatus.WARN, TestStatus.FAIL):
        return f"  {count(event.failures or 0, 'row')}"
    if event.status is TestStatus.ERROR and event.failure:
        return f"  {event.failure.reason}"
    return _skipped(event)


def _skipped(event: TestFinished) -> str:
    return f"  because {_cause(event.skipped_because)} failed" if event.skipped_because else ""


def _cause(node: str) -> str:
    """An asset by its key, a test by its name, which is the third or, of a unit test, the fourth part of its id."""
    parts = node.split(".")
    if parts[0] == "unit_test" and len(parts) > 3:
        return f"unit test {parts[3]}"
    return f"test {parts[2]}" if parts[0] == "test" and len(parts) > 2 else node


def _built(event: NodeFinished, tests: Sequence[TestFinished], width: int, names: int) -> str:
    """Name, kind, rows and tests, as far as there is room, in this order of importance."""
    columns = [_padded(event.asset, names)]
    kind = (
        event.kind.removeprefix("dbt_") if event.kind in ("seed", "source", "dbt_snapshot") else event.materialization
    )
    columns.append(kind.ljust(11))
    columns.append((count(event.rows, "row") if event.rows is not None else "").rjust(_ROWS_COLUMNS))
    columns.append(_verdict(tests))
    line = ""
    for column in columns:
        longer = f"{line}  {column}" if line else column
        if len(longer.rstrip()) > width:
            break
        line = longer
    return line or clip(columns[0], width)


def _verdict(tests: Sequence[TestFinished]) -> str:
    by_status = Counter(test.status for test in tests)
    passed = by_status.pop(TestStatus.PASS, 0)
    said = [count(passed, "test") + " passed"] if passed else []
    said += [f"{number} {_WORDS[status]}" for status, number in sorted(by_status.items())]
    return ", ".join(said)


_WORDS = {
    TestStatus.WARN: "warned",
    TestStatus.FAIL: "failed",
    TestStatus.ERROR: "failed",
    TestStatus.SKIPPED: "skipped",
    TestStatus.CANCELLED: "cancelled",
}


def _took(seconds: float) -> str:
    return duration(seconds).rjust(6)


def _padded(name: str, columns: int) -> str:
    return name.ljust(columns) if len(name) <= columns else name
