"""Terminal, pipe, closed stream, full disk: what reads the output decides how it looks, never what it says."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Floe

FLOE = [sys.executable, "-m", "floe.cli"]
WIDE = "select 'a word ' || repeat('and another ', 20) as text, 12345 as number, 'x' as last"


def on_terminal(folder: Path, width: int, *words: str, **environment: str) -> tuple[int, str]:
    """Run the command line on a terminal of that width."""
    process, descriptor = pty.fork()
    if process == 0:
        os.chdir(folder)
        os.environ.pop("COLUMNS", None)
        os.execve(sys.executable, [*FLOE, *words], {**os.environ, "TERM": "xterm-256color", **environment})
    fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", 40, width, 0, 0))
    written = b""
    while True:
        try:
            part = os.read(descriptor, 65536)
        except OSError:  # Linux's word for the end
            break
        if not part:
            break
        written += part
    os.close(descriptor)
    status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    return status, written.decode().replace("\r\n", "\n")


def without_colour(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text)


@pytest.mark.parametrize("width", [80, 120])
def test_tables_fit_the_terminal_and_have_a_bold_header(shop: Path, width: int) -> None:
    status, text = on_terminal(shop, width, "show", "--sql", WIDE)
    lines = without_colour(text).splitlines()
    assert status == 0
    assert text.startswith("\x1b[1mtext")
    assert max(map(len, lines)) == width
    assert lines[2].split()[-2:] == ["12345", "x"]
    assert "…" in lines[2]


def test_a_pipe_gets_every_character_and_no_colour(shop: Path, floe_process: Floe) -> None:
    outcome = floe_process("show", "--sql", WIDE)
    assert outcome.status == 0
    assert "\x1b" not in outcome.out + outcome.err
    assert "and another " * 20 in outcome.out


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_colour_can_be_switched_off(shop: Path, environment: dict[str, str]) -> None:
    _, text = on_terminal(shop, 80, "show", "exampel", **environment)
    assert text.startswith("error[FLOE-0420]: ")
    assert "\x1b" not in text


def test_colour_can_be_forced_into_a_pipe(shop: Path, floe: Floe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert floe("show", "exampel").err.startswith("\x1b[1;31merror[FLOE-0420]\x1b[0m: ")


def test_a_run_on_a_terminal_says_what_it_says_in_a_pipe(shop: Path) -> None:
    status, text = on_terminal(shop, 80, "run")
    plain = without_colour(text)
    assert status == 0
    assert "Published 2 tables in one commit" in plain
    assert "Succeeded in" in plain
    assert "\x1b[32m" in text
    assert max(map(len, plain.splitlines())) <= 80


def test_a_compile_that_takes_a_while_is_said_and_taken_away_again(shop: Path) -> None:
    status, text = on_terminal(shop, 80, "compile", "--force")
    assert status == 0
    assert "compiling ...\x1b[0m\r\x1b[K" in text
    assert "compiling" not in on_terminal(shop, 80, "compile", "-q", "--force")[1]


def test_a_reader_that_goes_away_is_no_error(shop: Path) -> None:
    with subprocess.Popen([*FLOE, "explain"], cwd=shop, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.close()
        _, said = process.communicate()
    assert (process.returncode, said) == (141, b"")


def test_a_full_disk_under_standard_output_is_said_once(shop: Path) -> None:
    with open("/dev/full", "w") as full:  # noqa: PTH123 - a device
        done = subprocess.run([*FLOE, "explain"], cwd=shop, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (
        2,
        (
            "error[FLOE-0902]: the system refused a file operation: no space left on device\n"
            "hint: free some space on the disk, then run the command again\n"
        ),
    )


@pytest.mark.parametrize("closed", [">&-", "2>&-"])
def test_a_closed_stream_is_no_internal_error(shop: Path, closed: str) -> None:
    script = f"{' '.join(FLOE)} -q explain {closed}"
    done = subprocess.run(["bash", "-c", script], cwd=shop, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("blocks", [0, 1, 8, 24])
def test_a_full_disk_in_a_run_is_a_clear_error_and_the_next_run_is_right(shop: Path, floe: Floe, blocks: int) -> None:
    script = f"ulimit -f {blocks}; {' '.join(FLOE)} run"
    done = subprocess.run(["bash", "-c", script], cwd=shop, capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stderr
    assert re.search(r"error\[FLOE-\d{4}\]: ", done.stderr)
    assert "Traceback" not in done.stderr
    assert "internal error" not in done.stderr
    assert floe("run", "-q").status == 0
    assert floe("show", "--sql", "select count(*) as n from main.sample").out.splitlines()[2] == "10"
