"""Fifteen mistakes, each made in a project of every tool; and what a good message about it would name."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

TOOLS = ("dbt", "dagster", "sqlmesh", "floe")


@dataclass(frozen=True)
class Edit:
    """Puts `new` in place of `old`, which stands once in the file; the mistake is on the line of `at`, or the first."""

    file: str
    old: str
    new: str
    at: str = ""
    spoken: str = ""
    """What a warning about it would say, as a regular expression; left out, a word that the mistake brings in."""

    def applied(self, text: str) -> str:
        """The file's text with the mistake in it.

        Raises:
            ValueError: the text to replace is not there once.
        """
        if text.count(self.old) != 1:
            raise ValueError(f"{self.file}: {self.old!r} is there {text.count(self.old)} times")
        return text.replace(self.old, self.new)

    def is_spoken_of(self, output: str) -> bool:
        """Whether an output, of a command that ended well, says a word about the mistake."""
        old, new = (set(re.findall(r"[\w-]{4,}", text)) for text in (self.old, self.new))
        return bool(re.search(self.spoken or "|".join(map(re.escape, new - old)), output))

    def line(self, text: str) -> int:
        """The line of the mistake, counted from 1, in the file's text before the edit."""
        if self.at:
            return self.applied(text).partition(self.at)[0].count("\n") + 1
        before, after = text.splitlines(), self.applied(text).splitlines()
        same = (first == second for first, second in zip(before, after, strict=False))
        return next((number for number, equal in enumerate(same, start=1) if not equal), len(after))


@dataclass(frozen=True)
class Mistake:
    """One mistake in every tool's terms.

    Args:
        title: What was done.
        fix: What a message that helps would say, as a regular expression: the right word, or the way out.
        edits: By tool. `dagster` has dbt's edit, in the folder `dbt`, where it has none of its own.
    """

    title: str
    fix: str
    edits: Mapping[str, Edit] = field(default_factory=dict)

    def edit(self, tool: str) -> Edit:
        """The edit for a tool."""
        own = self.edits.get(tool)
        if own is None:
            shared = self.edits["dbt"]
            return Edit(f"dbt/{shared.file}", shared.old, shared.new, shared.at, shared.spoken)
        return own


def _in_models(title: str, fix: str, file: str, old: str, new: str, sqlmesh: Edit) -> Mistake:
    """A mistake in the models' folder, which dbt, Dagster and Floe share."""
    return Mistake(title, fix, {"dbt": Edit(file, old, new), "sqlmesh": sqlmesh, "floe": Edit(f"dbt/{file}", old, new)})


REVENUE, STAGED, SCHEMA = "models/revenue.sql", "models/staging/stg_orders.sql", "models/schema.yml"
S_REVENUE, S_STAGED = "models/revenue.sql", "models/stg_orders.sql"

MISTAKES = (
    Mistake(
        "A misspelt key in the tool's own file",
        r"transforms|model-paths|attributes|default_gateway",
        {
            "dbt": Edit("dbt_project.yml", "model-paths:", "model-path:"),
            "dagster": Edit("src/shop/defs/shop_dbt/defs.yaml", "attributes:", "atributes:"),
            "sqlmesh": Edit("config.yaml", "default_gateway:", "default_gatway:"),
            "floe": Edit("floe.yaml", "transforms:", "transfroms:"),
        },
    ),
    Mistake(
        "A key twice, with different values",
        r"twice|duplicate|first",
        {
            "dbt": Edit("dbt_project.yml", "profile: shop\n", "profile: shop\nname: store\n"),
            "dagster": Edit(
                "src/shop/defs/shop_dbt/defs.yaml",
                "attributes:\n",
                'attributes:\n  project: "elsewhere"\n',
                spoken="elsewhere|[Dd]uplicate",
            ),
            "sqlmesh": Edit("config.yaml", "variables:\n", "default_gateway: remote\nvariables:\n"),
            "floe": Edit("floe.yaml", "compute: default\n", "compute: default\nname: store\n"),
        },
    ),
    Mistake(
        "The name of a profile misspelt",
        r"\bshop\b.*|\bdefault\b|\blocal\b",
        {
            "dbt": Edit("dbt_project.yml", "profile: shop\n", "profile: shopp\n"),
            "sqlmesh": Edit("config.yaml", "default_gateway: local", "default_gateway: locl"),
            "floe": Edit("floe.yaml", "compute: default", "compute: defalt"),
        },
    ),
    Mistake(
        "A data file that is not there",
        r"orders\.csv",
        {
            "dbt": Edit(SCHEMA, "data/orders.csv", "data/order.csv"),
            "sqlmesh": Edit("models/raw_orders.sql", "data/orders.csv", "data/order.csv"),
            "floe": Edit("floe.yaml", "data/orders.csv", "data/order.csv"),
        },
    ),
    Mistake(
        "A password in plain text",
        r"secret_ref|env_var|environment variable",
        {
            "dbt": Edit(
                "profiles.yml",
                "      path: shop.duckdb\n",
                "      path: shop.duckdb\n    prod:\n      type: postgres\n      host: db.example.com\n"
                "      port: 5432\n      user: shop\n      password: Zq8vT2mK9xWc4LrN7pBd\n"
                "      dbname: shop\n      schema: main\n",
                at="Zq8v",
                spoken="[Pp]assword|[Pp]laintext|Zq8v",
            ),
            "sqlmesh": Edit(
                "config.yaml",
                "      database: shop.duckdb\n",
                "      database: shop.duckdb\n  prod:\n    connection:\n      type: postgres\n"
                "      host: db.example.com\n      port: 5432\n      user: shop\n"
                "      password: Zq8vT2mK9xWc4LrN7pBd\n      database: shop\n",
                at="Zq8v",
                spoken="[Pp]assword|[Pp]laintext|Zq8v",
            ),
            "floe": Edit(
                "platform.yaml",
                "  default: {type: duckdb}\n",
                "  default: {type: duckdb}\n  prod:\n    type: postgres\n"
                "    properties: {host: db.example.com, database: shop, schema: main}\n"
                "    credentials:\n      user: shop\n      password: Zq8vT2mK9xWc4LrN7pBd\n",
                at="Zq8v",
                spoken="[Pp]assword|[Pp]laintext|Zq8v",
            ),
        },
    ),
    Mistake(
        "An environment variable that is not set",
        r"SHOP_FOLDER",
        {
            "dbt": Edit("profiles.yml", "path: shop.duckdb", "path: \"{{ env_var('SHOP_FOLDER') }}/shop.duckdb\""),
            "sqlmesh": Edit(
                "config.yaml", "database: shop.duckdb", "database: \"{{ env_var('SHOP_FOLDER') }}/shop.duckdb\""
            ),
            "floe": Edit("platform.yaml", "path: warehouse", 'path: "${SHOP_FOLDER}/warehouse"'),
        },
    ),
    _in_models(
        "A reference to a model, misspelt",
        r"stg_orders",
        REVENUE,
        "ref('stg_orders')",
        "ref('stg_order')",
        Edit(S_REVENUE, "silver.stg_orders", "silver.stg_order"),
    ),
    _in_models(
        "A reference to a source, misspelt",
        r"raw_orders",
        STAGED,
        "'raw_orders'",
        "'raw_order'",
        Edit(S_STAGED, "bronze.raw_orders", "bronze.raw_order"),
    ),
    _in_models(
        "A materialization, misspelt",
        r"\btable\b|\bFULL\b",
        REVENUE,
        "materialized='table'",
        "materialized='tabel'",
        Edit(S_REVENUE, "kind FULL", "kind FUL"),
    ),
    _in_models(
        "A misspelt key in the description of a model",
        r"\bdescription\b",
        SCHEMA,
        "    description: Orders",
        "    descripton: Orders",
        Edit(S_STAGED, "  description 'Orders", "  descripton 'Orders"),
    ),
    _in_models(
        "A test on a column that is not there",
        r"\bcustomer\b",
        SCHEMA,
        "      - name: customer\n",
        "      - name: custmer\n",
        Edit(S_REVENUE, "columns := (customer)", "columns := (custmer)"),
    ),
    _in_models(
        "A column misspelt in SQL",
        r"\bamount\b",
        REVENUE,
        "sum(amount)",
        "sum(amout)",
        Edit(S_REVENUE, "SUM(amount)", "SUM(amout)"),
    ),
    _in_models(
        "A bracket missing in SQL",
        r"expect|missing|unclosed|\)",
        REVENUE,
        "sum(amount) as",
        "sum(amount as",
        Edit(S_REVENUE, "SUM(amount)::INT AS", "SUM(amount::INT AS"),
    ),
    _in_models(
        "A variable that is not defined",
        r"\bcurrency\b",
        REVENUE,
        'var("currency")',
        'var("curency")',
        Edit(S_REVENUE, "@currency AS", "@curency AS"),
    ),
    _in_models(
        "Two models that need each other",
        r"stg_orders.*revenue|revenue.*stg_orders",
        STAGED,
        "from {{ source('bronze', 'raw_orders') }}\n",
        "from {{ source('bronze', 'raw_orders') }}\nwhere customer in (select customer from {{ ref('revenue') }})\n",
        Edit(
            S_STAGED,
            "FROM bronze.raw_orders\n",
            "FROM bronze.raw_orders\nWHERE customer IN (SELECT customer FROM gold.revenue)\n",
        ),
    ),
)
