"""The shipped table of dbt's keys is what the installed dbt says."""

from __future__ import annotations

from tests.compiler.properties import dbt_keys


def test_the_table_holds_every_key_that_the_installed_dbt_knows():
    derived = dbt_keys.written(dbt_keys.derive())
    assert derived == dbt_keys.TABLE.read_text(), "run `python -m tests.compiler.properties.dbt_keys`"
