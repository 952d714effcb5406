"""Keeps endpoints out of floe.yaml: it names things, platform.yaml says where they are."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from floe.config.document import dotted
from floe.diagnostics.diagnostic import Diagnostic

if TYPE_CHECKING:
    from collections.abc import Iterator

    from floe.config.document import Document

_ENDPOINT = re.compile(
    r"(?<=[A-Za-z0-9+.-])://"
    r"|^(?:localhost|[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+):[0-9]{2,5}(?:/|$)"
)
_PROSE = ("description",)


def is_endpoint(text: str) -> bool:
    """Tell whether a text holds `scheme://`, or is a host with a port."""
    return _ENDPOINT.search(text) is not None


def check_endpoints(pipeline: Document) -> Iterator[Diagnostic]:
    """Refuse every endpoint in floe.yaml; the description is prose and may hold links."""
    for path in pipeline.scalars:
        text = pipeline.text(*path)
        if text is not None and path != _PROSE and is_endpoint(text):
            yield Diagnostic(
                code="FLOE-0113",
                message=f"an endpoint in `{dotted(path)}`",
                span=pipeline.positions.span(*path),
                label="floe.yaml holds logical names only",
                hints=("put the endpoint into a profile of platform.yaml and name the profile here",),
            )
