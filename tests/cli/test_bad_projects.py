"""Projects that dbt or the compiler refuses: one clear error each, dbt's own words, file and line kept, exit 1."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Floe


def said(floe: Floe) -> str:
    outcome = floe("run")
    assert (outcome.status, outcome.out) == (1, "")
    assert "Traceback" not in outcome.err
    return outcome.filtered().partition("--- err\n")[2]


def test_jinja_that_does_not_parse_keeps_dbts_message_file_and_line(shop: Path, floe: Floe) -> None:
    (shop / "models/example.sql").write_text("select\n  {{ ref('sample') \n")
    text = said(floe)
    assert text.startswith("error[FLOE-02")
    assert "models/example.sql" in text
    assert "expected 'end of print statement'" in text
    assert "line 2" in text


def test_yaml_that_dbt_cannot_read_keeps_its_message(shop: Path, floe: Floe) -> None:
    (shop / "models/schema.yml").write_text("models:\n  - name: [\n")
    text = said(floe)
    assert text.startswith("error[FLOE-02")
    assert "schema.yml" in text
    assert "line 3" in text


def test_a_missing_ref_names_the_model_and_the_file(shop: Path, floe: Floe) -> None:
    (shop / "models/example.sql").write_text("select * from {{ ref('smple') }}")
    text = said(floe)
    assert text.startswith("error[FLOE-02")
    assert "smple" in text
    assert "models/example.sql" in text


def test_a_cycle_is_shown_as_the_path_it_takes(shop: Path, floe: Floe) -> None:
    (shop / "models/example.sql").write_text("select * from {{ ref('other') }}")
    (shop / "models/other.sql").write_text("select * from {{ ref('example') }}")
    text = said(floe)
    assert text.startswith("error[FLOE-0209]: ")
    assert "cycle" in text
    assert "example -> other -> example" in text.replace("`", "").replace("main.", "")


def test_two_models_of_one_name_name_both_files(shop: Path, floe: Floe) -> None:
    (shop / "models/again").mkdir()
    (shop / "models/again/example.sql").write_text("select 1 as id")
    text = said(floe)
    assert text.startswith("error[FLOE-02")
    assert "models/example.sql" in text
    assert "models/again/example.sql" in text


def test_a_source_and_a_model_of_one_name_name_both_places(shop: Path, floe: Floe) -> None:
    (shop / "data").mkdir()
    (shop / "data/orders.csv").write_text("id\n1\n")
    with (shop / "floe.yaml").open("a") as configuration:
        configuration.write("\nsources: {orders: {files: data/orders.csv, layer: bronze}}\n")
    (shop / "models/bronze").mkdir()
    (shop / "models/bronze/orders.sql").write_text("{{ config(materialized='table') }} select 1 as id")
    text = said(floe)
    assert "bronze.orders" in text
    assert "floe.yaml" in text
    assert "models/bronze/orders.sql" in text


def test_a_glob_that_matches_nothing_is_shown_where_it_stands(shop: Path, floe: Floe) -> None:
    (shop / "data").mkdir()
    with (shop / "floe.yaml").open("a") as configuration:
        configuration.write("\nsources: {orders: {files: 'data/*.csv', layer: bronze}}\n")
    outcome = floe("validate")
    assert outcome.status == 1
    assert "data/*.csv" in outcome.err
    assert "  --> floe.yaml:" in outcome.err


@pytest.mark.parametrize(
    ("broken", "place"),
    [("11,2026-01-09", "seeds/sample.csv:12"), ("11,2026-01-09,Ada,1.0,surplus", "has 5 values")],
)
def test_a_csv_with_a_broken_row_names_the_file_and_the_row(shop: Path, floe: Floe, broken: str, place: str) -> None:
    with (shop / "seeds/sample.csv").open("a") as seed:
        seed.write(f"{broken}\n")
    text = said(floe)
    assert "error[FLOE-04" in text or "error[FLOE-02" in text
    assert "seeds/sample.csv" in text
    assert place in text


def test_a_type_that_no_table_can_store_names_the_asset(shop: Path, floe: Floe) -> None:
    (shop / "models/example.sql").write_text("{{ config(materialized='table') }} select interval 1 day as waited")
    outcome = floe("run", "-s", "example")
    assert outcome.status == 1
    assert "error[FLOE-0407]: column `main.example.waited` has the type `INTERVAL`" in outcome.err
