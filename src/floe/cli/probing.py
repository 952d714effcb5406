"""What `floe doctor` and `floe preflight` share: look at everything, print the findings, decide on the exit status."""

from __future__ import annotations

import textwrap
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from floe.cli.failures import error_fields
from floe.deploy.probing import Probing
from floe.errors import EXIT_OK, EXIT_PIPELINE_FAILED
from floe.observe.wording import count, duration

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from floe.cli.application import Application
    from floe.cli.printer import Printer
    from floe.deploy.probing import Probe, ProbeResult

_WORDS = {"ok": "OK", "warn": "WARN", "fail": "FAIL", "skipped": "SKIPPED"}
_LEFT = 17
"""Columns of verdict and time."""
_NARROWEST = 40


def report(
    application: Application,
    facts: Mapping[str, str],
    probes: Sequence[Probe],
    limit_seconds: float,
    adapted: Callable[[str], str] = lambda fix: fix,
) -> int:
    """Carry out probes, print what they found, and return the exit status: 1 if one failed.

    Args:
        application: Whose command it is.
        facts: What stands at the top, and in the document.
        probes: What to look at.
        limit_seconds: How long one may take.
        adapted: Makes a fix one for this very call.
    """
    started = time.perf_counter()
    probing = Probing(probes, limit_seconds)
    try:
        with application.printer.waiting(f"looking at {count(len(probes), 'thing')} ..."):
            results = [_with_fix(result, adapted) for result in probing.carry_out()]
    finally:
        application.leave_at_once = probing.is_stuck
    seconds = time.perf_counter() - started
    failed = any(result.finding.outcome == "fail" for result in results)
    document = {
        "status": "fail" if failed else "ok",
        **facts,
        "seconds": round(seconds, 3),
        "probes": [_fields(result) for result in results],
    }
    application.printer.result(document, lambda: _show(application.printer, facts, results))
    application.printer.say(_counted(results, seconds))
    return EXIT_PIPELINE_FAILED if failed else EXIT_OK


def _with_fix(result: ProbeResult, adapted: Callable[[str], str]) -> ProbeResult:
    return replace(result, finding=replace(result.finding, fix=adapted(result.finding.fix)))


def _fields(result: ProbeResult) -> dict[str, Any]:
    finding = result.finding
    return {
        "section": result.section,
        "name": result.name,
        "outcome": finding.outcome,
        "milliseconds": round(result.seconds * 1000),
        "text": finding.text,
        "fix": finding.fix or None,
        "error": error_fields(finding.error) if finding.error else None,
    }


def _show(printer: Printer, facts: Mapping[str, str], results: Sequence[ProbeResult]) -> None:
    for name, value in facts.items():
        indent = len(name) + 2
        first, *rest = _wrapped(value, printer.out_width, indent)
        printer.data(f"{printer.out_palette.bold(name)}  {first}")
        for line in rest:
            printer.data(f"{' ' * indent}{line}")
    for section in dict.fromkeys(result.section for result in results):
        printer.data(f"\n{printer.out_palette.bold(section)}" if facts else printer.out_palette.bold(section))
        for result in results:
            if result.section == section:
                _show_result(printer, result)


def _show_result(printer: Printer, result: ProbeResult) -> None:
    finding, palette = result.finding, printer.out_palette
    paint = {"ok": palette.green, "warn": palette.yellow, "fail": palette.red, "skipped": palette.dim}[finding.outcome]
    took = "" if finding.outcome == "skipped" else duration(result.seconds)
    verdict = paint(f"{_WORDS[finding.outcome]:<7}")
    code = f" [{finding.error.code}]" if finding.error else ""
    lines = _wrapped(f"{finding.text}{code}", printer.out_width, _LEFT + 1)
    printer.data(f"  {verdict} {took:>6}  {lines[0]}")
    details = finding.error.details if finding.error else ()
    more = [*lines[1:], *(line for detail in details for line in _wrapped(detail, printer.out_width, _LEFT + 1))]
    for line in more:
        printer.data(f"{' ' * _LEFT} {line}")
    if finding.fix:
        first, *rest = _wrapped(finding.fix, printer.out_width, _LEFT + 6)
        printer.data(f"{' ' * _LEFT} {palette.cyan('fix:')} {first}")
        for line in rest:
            printer.data(f"{' ' * (_LEFT + 5)} {line}")


def _wrapped(text: str, width: int | None, indent: int) -> list[str]:
    """The text in lines that fit; words are never broken, so that commands and names can be copied."""
    if width is None:
        return [text]
    columns = max(_NARROWEST, width - indent)
    return textwrap.wrap(text, columns, break_long_words=False, break_on_hyphens=False) or [""]


def _counted(results: Sequence[ProbeResult], seconds: float) -> str:
    outcomes: list[str] = [result.finding.outcome for result in results]
    words = {"ok": "ok", "warn": "to know of", "fail": "failed", "skipped": "skipped"}
    parts = [f"{outcomes.count(key)} {word}" for key, word in words.items() if outcomes.count(key)]
    return f"{count(len(results), 'probe')} in {duration(seconds)}: {', '.join(parts)}"
