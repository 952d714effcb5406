"""How secrets stay out of text: in every form, in streams and in logs."""

from __future__ import annotations

import base64
import html
import io
import json
import logging
import sys
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from floe.secrets import masking
from floe.secrets.masking import STARS, mask, masked, remember, remember_variables
from floe.secrets.outlets import masked_stream, masked_streams

if TYPE_CHECKING:
    from collections.abc import Callable

CANARY = 'Canary\'of "many" forms/ü&<\\+'
FORMS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "url": lambda text: quote(text, safe=""),
    "url with slashes": quote,
    "form": quote_plus,
    "json": lambda text: json.dumps(text)[1:-1],
    "json in unicode": lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    "python": lambda text: repr(text)[1:-1],
    "sql": lambda text: text.replace("'", "''"),
    "sql name": lambda text: text.replace('"', '""'),
    "shell": lambda text: text.replace("'", "'\\''"),
    "html": html.escape,
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 for urls": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_secret_is_masked_in_every_form(form: str) -> None:
    remember(CANARY)
    assert mask(f"before {FORMS[form](CANARY)} after") == f"before {STARS} after"


@given(secret=st.text(st.characters(codec="utf-8"), min_size=8), user=st.text(st.characters(codec="utf-8")))
def test_a_secret_is_masked_in_the_base64_of_user_and_secret(secret: str, user: str) -> None:
    with masking.own_list():
        remember(secret)
        encoded = base64.b64encode(f"{user}:{secret}".encode()).decode()
        before, content = len(f"{user}:".encode()), len(secret.encode())
        first, last = (8 * before + 5) // 6, 8 * (before + content) // 6
        assert encoded[first:last] not in mask(encoded)


def test_each_line_of_a_key_is_masked() -> None:
    remember("-----BEGIN KEY-----\nfirst line of it\nsecond line of it\n-----END KEY-----")
    assert mask("the driver says: second line of it is wrong") == f"the driver says: {STARS} is wrong"


def test_the_secrets_inside_a_json_object_are_masked() -> None:
    remember(json.dumps({"type": "service_account", "private_key": "canary\nof the account", "project_id": "shop"}))
    assert mask("canary, of the account, shop") == f"{STARS}, {STARS}, shop"


def test_values_of_less_than_four_characters_are_not_masked() -> None:
    remember("abc")
    assert mask("abc") == "abc"


def test_the_longer_of_two_secrets_is_masked_whole() -> None:
    remember("canary")
    remember("canary-and-more")
    assert mask("canary-and-more") == STARS


def test_documents_are_masked_in_their_texts_and_stay_documents() -> None:
    assert masked({"a": ["4711"]}) == {"a": ["4711"]}
    remember("4711")
    assert masked({"a": ["x4711"], "b": 4711, "4711": None}) == {"a": [f"x{STARS}"], "b": 4711, STARS: None}


def test_variables_that_dbt_takes_for_secrets_are_masked() -> None:
    remember_variables({"DBT_ENV_SECRET_TOKEN": "canary-of-dbt", "OTHER": "other-value"})
    assert mask("canary-of-dbt other-value") == f"{STARS} other-value"


def test_whatever_is_printed_past_the_printer_is_masked(capsys: pytest.CaptureFixture[str]) -> None:
    err = masked_stream(sys.stderr)
    with masked_streams(sys.stdout, err):
        remember("canary-value")
        sys.stdout.write("out canary-value\n")
        sys.stderr.write("err canary-value\n")
        assert sys.stderr.writable()
        assert sys.stderr.encoding == err.encoding
        assert sys.stderr.errors == err.errors
    shown = capsys.readouterr()
    assert shown.out == f"out {STARS}\n"
    assert shown.err == f"err {STARS}\n"


def test_the_logs_of_every_library_are_masked() -> None:
    remember("canary-value")
    said = io.StringIO()
    handler, logger = logging.StreamHandler(said), logging.getLogger("some.library")
    logger.addHandler(handler)
    logger.propagate = False
    try:
        logger.error("whole canary-value")
        logger.error("argument %s and %s", "canary-value", 7)
        logger.error("nothing to hide %d", 7)
        try:
            int("canary-value in an exception")
        except ValueError:
            logger.exception("it failed")
        record = logger.makeRecord("x", 40, "f", 1, "%d", ("canary-value",), None)
        assert "canary" not in str(record.args)
    finally:
        logger.removeHandler(handler)
    text = said.getvalue()
    assert "canary" not in text
    assert f"argument {STARS} and 7" in text
    assert "nothing to hide 7" in text
    assert f"{STARS} in an exception" in text


def test_a_list_of_its_own_forgets_at_its_end() -> None:
    with masking.own_list():
        remember("canary-value")
        assert masking.masks_anything()
    assert not masking.masks_anything()
