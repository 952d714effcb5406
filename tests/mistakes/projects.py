"""The mistakes whose whole output is kept: each a small project, what is changed in it, and a command."""

# ruff: noqa: E501, ERA001 - a mistake is a line, and the headings name files

from __future__ import annotations

from dataclasses import dataclass, field

FLOE = """\
name: shop
version: "1.0.0"
transforms:
  - type: dbt
    path: ./models
  - type: python
    path: ./assets
sources:
  raw_orders: {files: "data/*.csv", layer: bronze}
"""

PLATFORM = """\
version: "1.0.0"
storage:
  default: {type: local, path: .floe/warehouse}
catalogs:
  default: {type: sql, uri: "sqlite:///.floe/catalog.db", warehouse: lake}
compute:
  default: {type: duckdb}
layers:
  bronze: {namespace: bronze}
  gold: {namespace: gold}
"""

ASSET = """\
import floe


@floe.asset(layer="gold")
def elo(raw_orders):
    return raw_orders
"""

FILES = {
    "floe.yaml": FLOE,
    "models/orders.sql": "select 1 as id\n",
    "assets/elo.py": ASSET,
    "data/orders.csv": "id,amount\n1,2.5\n",
}


@dataclass(frozen=True)
class Mistake:
    """What is done to a right project, and the command whose output is kept.

    Args:
        files: Files that are written; None removes one.
        words: The command line.
        variables: Environment variables.
    """

    files: dict[str, str | bytes | None] = field(default_factory=dict)
    words: tuple[str, ...] = ("validate",)
    variables: dict[str, str] = field(default_factory=dict)


def floe(old: str, new: str) -> Mistake:
    """`floe.yaml` with a part of it replaced."""
    assert old in FLOE
    return Mistake({"floe.yaml": FLOE.replace(old, new)})


def more(text: str) -> Mistake:
    """`floe.yaml` with something added."""
    return Mistake({"floe.yaml": FLOE + text})


def platform(old: str, new: str) -> Mistake:
    """A `platform.yaml` with a part of it replaced."""
    assert old in PLATFORM
    return Mistake({"platform.yaml": PLATFORM.replace(old, new)})


def both(floe_text: str, platform_text: str) -> Mistake:
    """Additions to both files."""
    return Mistake({"floe.yaml": FLOE + floe_text, "platform.yaml": PLATFORM + platform_text})


def model(text: str, *words: str) -> Mistake:
    """A dbt model that is added, compiled."""
    return Mistake({"models/broken.sql": text}, words or ("compile",))


def asset(text: str, command: str = "validate") -> Mistake:
    """A Python file of assets that is added."""
    return Mistake({"assets/broken.py": f"import floe\n\n\n{text}"}, (command,))


def said(*words: str, **variables: str) -> Mistake:
    """A command on the right project."""
    return Mistake(words=words, variables=variables)


S3 = "{type: s3, bucket: shop-lake, region: eu-central-1"
WAREHOUSE = """\
version: "1.0.0"
compute:
  default:
    type: snowflake
    properties: {account: ab12345, warehouse: load, databas: shop, schema: main}
    credentials: {user: floe, password: {secret_ref: snowflake}}
"""
REST = """\
  lake: {type: rest, uri: "https://catalog.example.com/api", warehouse: shop"""

MISTAKES: dict[str, Mistake] = {
    # floe.yaml: keys
    "key_misspelt": floe("transforms", "transfroms"),
    "key_unknown": more("orchestra: {}\n"),
    "key_of_a_source_misspelt": floe("layer:", "layr:"),
    "key_duplicate": more("name: again\n"),
    "key_in_wrong_case": floe("version", "Version"),
    "key_is_a_boolean": more("on: x\n"),
    "keys_missing": Mistake({"floe.yaml": "description: nothing else\n"}),
    # floe.yaml: values
    "name_with_a_blank": floe("name: shop", "name: my shop"),
    "version_is_a_number": floe('"1.0.0"', "1.0"),
    "version_without_patch": floe('"1.0.0"', '"1.0"'),
    "type_misspelt": floe("type: python", "type: pyhton"),
    "type_missing": floe("  - type: dbt\n    path", "  - path"),
    "transforms_is_a_mapping": floe("  - type: dbt\n    path: ./models\n  - type: python\n    path: ./assets\n", "  dbt: ./models\n"),
    "mode_misspelt": floe("layer: bronze", "layer: bronze, mode: apend"),
    "merge_without_key": floe("layer: bronze", "layer: bronze, mode: merge"),
    "key_without_merge": floe("layer: bronze", "layer: bronze, unique_key: [id]"),
    "option_of_another_format": floe("layer: bronze", "layer: bronze, options: {delimeter: ';'}"),
    "publish_misspelt": more("publish: all\n"),
    "threads_are_text": more("compute: {target: duckdb, properties: {threads: four}}\n"),
    "memory_without_unit": more("compute: {target: duckdb, properties: {memory_limit: '4'}}\n"),
    "warehouse_inline": more("compute: {target: snowflake}\n"),
    # floe.yaml: what is named does not exist
    "folder_misspelt": floe("./models", "./modles"),
    "folder_is_a_file": floe("./models", "./models/orders.sql"),
    "folder_without_models": floe("./models", "./data"),
    "folder_twice": floe("  - type: python\n    path: ./assets", "  - type: dbt\n    path: models/"),
    "file_misspelt": floe("data/*.csv", "data/order.csv"),
    "glob_without_match": floe("data/*.csv", "data/*.parquet"),
    "layer_misspelt": floe("layer: bronze", "layer: bronce"),
    "profile_misspelt": both("storage: defualt\n", ""),
    "profile_unknown": both("compute: big\n", ""),
    "profile_of_the_built_in_platform": more("catalog: polaris\n"),
    "compute_inline_beside_a_platform": both("compute: {target: duckdb}\n", ""),
    "sources_on_a_warehouse": Mistake({"platform.yaml": WAREHOUSE.replace("databas:", "database:")}),
    "sources_that_differ_by_case": more("  Raw_Orders: {files: 'data/*.csv'}\n"),
    # floe.yaml: what has no place in it
    "endpoint": more("description: x\nowner: https://shop.example.com\n"),
    "password": more("owner: {password: hunter2-and-more}\n"),
    "variable": more("owner: ${OWNER}\n"),
    # notation
    "tab": floe("  - type: dbt", "\t- type: dbt"),
    "quote_open": floe('"1.0.0"', '"1.0.0'),
    "bracket_open": floe('"data/*.csv"', '["data/*.csv"'),
    "colon_in_a_text": more("description: note: this\n"),
    "indentation": floe("    path: ./models", "   path: ./models"),
    "alias_without_anchor": more("owner: *team\n"),
    "mistake_behind_an_alias": floe(
        '  raw_orders: {files: "data/*.csv", layer: bronze}',
        '  raw_orders: &csv {files: "data/*.csv", layer: bronce}\n  returns: *csv\n  stock: {<<: *csv, layer: silvr}',
    ),
    "second_document": more("---\nname: again\n"),
    "encoding_latin": Mistake({"floe.yaml": FLOE.replace("name: shop", "name: shop # café").encode("latin-1")}),
    "encoding_wide": Mistake({"floe.yaml": FLOE.encode("utf-16")}),
    "zero_byte": more("owner: a\0b\n"),
    "empty_file": Mistake({"floe.yaml": ""}),
    "text_file": Mistake({"floe.yaml": "Dear all,\nplease run the pipeline.\n"}),
    # platform.yaml
    "platform_section_missing": platform("compute:\n  default: {type: duckdb}\n", ""),
    "platform_key_misspelt": platform("path: .floe", "pth: .floe"),
    "platform_storage_type": platform("type: local", "type: minio"),
    "platform_catalog_uri": platform("sqlite:///.floe/catalog.db", "mysql://host/db"),
    "platform_namespace_with_warehouse": platform("namespace: gold", "namespace: lake.gold"),
    "platform_namespace_twice": platform("namespace: gold", "namespace: Bronze"),
    "platform_layer_profile": platform("{namespace: gold}", "{namespace: gold, storage_ref: fast, catalog_ref: deflaut}"),
    "platform_variable_unset": platform(".floe/warehouse", "${FLOE_WAREHOUSE_FOLDER}"),
    "platform_variable_for_a_secret": platform("{type: local, path: .floe/warehouse}", S3 + ", credentials: {mode: static, access_key_id: '${KEY}', secret_access_key: {secret_ref: s3}}}"),
    "platform_plaintext_secret": platform("{type: local, path: .floe/warehouse}", S3 + ", credentials: {mode: static, access_key_id: AKIAIOSFODNN7EXAMPLE, secret_access_key: {secret_ref: s3}}}"),
    "platform_credentials_mode": platform("{type: local, path: .floe/warehouse}", S3 + ", credentials: {mode: iam}}"),
    "platform_role_missing": platform("{type: local, path: .floe/warehouse}", S3 + ", credentials: {mode: iam_role}}"),
    "platform_bucket_name": platform("{type: local, path: .floe/warehouse}", "{type: gcs, bucket: Shop_Lake}"),
    "platform_vended_without_catalog": platform("{type: local, path: .floe/warehouse}", S3 + ", credentials: {mode: vended}}"),
    "platform_rest_without_scope": platform("compute:", REST + ", credentials: {mode: oauth2, client_id: floe}}\ncompute:"),
    "platform_rest_plaintext": platform("compute:", REST + ", credentials: {mode: oauth2, client_id: floe, client_secret: s3cr3t-value, scope: ALL}}\ncompute:"),
    "platform_warehouse_property": Mistake({"platform.yaml": WAREHOUSE, "floe.yaml": 'name: shop\nversion: "1.0.0"\ntransforms: [{type: dbt, path: models}]\n'}),
    "platform_extends_nothing": platform('version: "1.0.0"\n', 'version: "1.0.0"\nextends: ./bse.yaml\n'),
    "both_files": Mistake({"floe.yaml": FLOE.replace("./models", "./model").replace("version", "vresion"), "platform.yaml": PLATFORM.replace("duckdb", "dukdb")}),
    # Python assets
    "asset_syntax": asset("@floe.asset\ndef broken(:\n    pass\n"),
    "asset_layer": asset('@floe.asset(layer="glod")\ndef broken(raw_orders):\n    return raw_orders\n'),
    "asset_option": asset('@floe.asset(layr="gold")\ndef broken(raw_orders):\n    return raw_orders\n'),
    "asset_input": asset('@floe.asset(layer="gold")\ndef broken(raw_ordrs):\n    return raw_ordrs\n', "compile"),
    "asset_twice": asset('@floe.asset(layer="gold")\ndef elo(raw_orders):\n    return raw_orders\n'),
    "asset_circle": asset('@floe.asset(layer="gold")\ndef one(two):\n    return two\n\n\n@floe.asset(layer="gold")\ndef two(one):\n    return one\n'),
    # dbt
    "model_ref": model("select * from {{ ref('ordrs') }}\n"),
    "model_source": model("select * from {{ source('bronze', 'raw_order') }}\n"),
    "model_materialization": model("{{ config(materialized='tabel') }}\nselect 1 as id\n"),
    "model_cycle": model("select * from {{ ref('broken') }}\n"),
    "model_jinja": model("select {{ ref('orders') \n"),
    # calls
    "no_project": Mistake({"floe.yaml": None}),
    "project_with_another_ending": Mistake({"floe.yaml": None, "floe.yml": FLOE}),
    "command_misspelt": said("validat"),
    "command_unknown": said("deploy"),
    "option_misspelt": said("validate", "--fromat", "json"),
    "option_value_misspelt": said("validate", "--format", "jsn"),
    "option_without_value": said("validate", "--env"),
    "argument_too_many": said("validate", "floe.yaml"),
    "directory_missing": said("-C", "shpo", "validate"),
    "environment_missing": said("validate", "--env", "prod"),
    "environment_misspelt": Mistake({"platform/production/platform.yaml": PLATFORM}, ("validate", "--env", "prodution")),
    "environment_of_the_variable": said("validate", FLOE_PLATFORM_ENV="pord"),
    "platform_file_missing": said("validate", "--platform", "platfrom.yaml"),
    "code_misspelt": said("explain", "FLOE-013"),
    "code_unknown": said("explain", "FLOE-9999"),
    "json": Mistake({"floe.yaml": FLOE.replace("transforms", "transfroms")}, ("validate", "--json")),
}  # fmt: skip
