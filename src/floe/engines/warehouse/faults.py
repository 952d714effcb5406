"""What dbt and a warehouse say when something fails, as errors of Floe, without secrets."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from floe.errors import EnvironmentFaultError, FloeError, NodeError
from floe.secrets.masking import mask

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_CODE_PATH = re.compile(r"^\s*compiled code at .*$")


def interrupted(subject: str) -> NodeError:
    """The error for a node that an interrupt kept from ending."""
    return NodeError("FLOE-0418", f"`{subject}` was interrupted", "run again")


def node_fault(subject: str, message: str, path: str, root: Path) -> NodeError:
    """The error for a node that dbt could not build or test: dbt's own message, and the rendered file."""
    text = mask(message).replace(f"{root.resolve()}/", "").replace(f"{root}/", "")
    lines = [line for line in _lines(text) if not _CODE_PATH.match(line)]
    if path and (root / path).is_file():
        lines.append(f"--> {path}")
    return NodeError(
        "FLOE-0462", f"the warehouse or dbt refused `{subject}`", "correct it, then run again", details=lines
    )


@contextmanager
def query_faults(kind: str) -> Iterator[None]:
    """Report what the warehouse says of a query that a user wrote.

    Raises:
        NodeError: with the warehouse's own message.
        EnvironmentFaultError: a connection could not be made.
    """
    try:
        yield
    except FloeError:
        raise
    except Exception as error:
        if type(error).__name__ == "FailedToConnectError":
            raise
        lines = _lines(mask(str(error) or repr(error)))
        raise NodeError("FLOE-0464", f"`{kind}` refused the query", "correct the query", details=lines) from None


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.splitlines() if line.strip()]


@contextmanager
def warehouse_faults(kind: str) -> Iterator[None]:
    """Report whatever dbt raises outside of a node: it cannot read the project, or not reach the warehouse.

    Raises:
        EnvironmentFaultError: with dbt's own message.
    """
    try:
        yield
    except FloeError:
        raise
    except Exception as error:  # noqa: BLE001 - dbt and drivers have no common base; the cause may hold a secret
        lines = _lines(mask(str(error) or repr(error)))
        reason = f"dbt cannot work in the `{kind}` warehouse"
        instruction = "check the compute profile in platform.yaml, the network and the credentials"
        raise EnvironmentFaultError("FLOE-0463", reason, instruction, details=lines) from None
