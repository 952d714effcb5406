"""What this version does not run is refused by name, all at once; nothing is ignored in silence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Project


def test_everything_that_is_not_supported_is_listed_at_once(bare: Project):
    bare.write(
        {
            "models/b_name.sql": "{{ config(alias='a.b') }} select 1 as x",
            "models/c_name.sql": "{{ config(alias='a/b') }} select 1 as x",
        }
    )
    error = bare.refused()
    assert error.code == "FLOE-0204"
    assert [line.split(": ", 1)[0] for line in error.details] == [
        "models/b_name.sql",
        "models/c_name.sql",
    ]


def test_what_does_not_touch_the_data_is_left_alone(bare: Project):
    bare.write(
        {
            "models/schema.yml": """
                models:
                  - name: orders
                    config: {grants: {select: [anyone]}, persist_docs: {relation: true}, group: sales, access: public}
                    docs: {node_color: "#123456"}
                groups: [{name: sales, owner: {name: Sales, email: s@example.org}}]
                exposures:
                  - {name: report, type: dashboard, owner: {name: S, email: s@example.org}, depends_on: [ref('orders')]}
            """,
            "analyses/look.sql": "select * from {{ ref('orders') }}",
        }
    )
    assert set(bare.artifacts().assets) == {"bronze.raw_orders", "silver.orders"}


@pytest.mark.parametrize("alias", ["../../escape", "a.b", "a b", 'a"b'])
def test_names_that_cannot_be_a_table_or_a_file_are_refused(bare: Project, alias: str):
    bare.write({"models/top.sql": f"{{{{ config(alias='{alias}') }}}} select 1 as x"})
    error = bare.refused()
    assert error.code == "FLOE-0204"
    assert error.details == (
        f"models/top.sql: model `top`: the name `{alias}` is not supported: no dots, slashes, quotes or spaces",
    )
