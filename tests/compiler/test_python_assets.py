"""Python assets are found by reading the files; none is run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from floe.compiler import static

if TYPE_CHECKING:
    from conftest import Project
    from floe.diagnostics.diagnostic import Diagnostic

FLOE_YAML = """
name: shop
version: "1.0.0"
transforms: [{type: python, path: assets}]
sources:
  matches: {files: "data/*.csv"}
"""


@pytest.fixture
def python(project: Project) -> Project:
    return project.write({"floe.yaml": FLOE_YAML, "data/a.csv": "x\n1\n"})


def marked(diagnostic: Diagnostic) -> tuple[str, int, str]:
    """File, line and the text under the caret."""
    span = diagnostic.span
    assert span is not None
    return span.file, span.line, span.text[span.column - 1 : span.end_column - 1]


def test_a_decorated_function_is_an_asset_with_name_layer_inputs_and_docstring(python: Project):
    python.write(
        {
            "assets/elo.py": '''
                from floe import asset

                raise RuntimeError("compiling must not run this")

                @asset(layer="gold", tags=["b", "a"])
                def elo(matches):
                    """Ratings of all teams
                    over time.

                    More.
                    """

                def helper():
                    pass
            '''
        }
    )
    elo = python.artifacts().assets["gold.elo"]
    assert elo.kind == "python"
    assert elo.materialization == "table"
    assert elo.depends_on == ("bronze.matches",)
    assert elo.description == "Ratings of all teams over time."
    assert elo.tags == ("a", "b")
    assert elo.path == "assets/elo.py"
    assert elo.python is not None
    assert elo.python.parameters == {"matches": "bronze.matches"}
    assert (elo.relation.schema_name, elo.relation.identifier) == ("gold", "elo")


@pytest.mark.parametrize(
    ("imports", "decorator"),
    [
        ("import floe", "@floe.asset"),
        ("import floe as f", '@f.asset(description="x")'),
        ("from floe import asset", "@asset"),
        ("from floe import asset as table", "@table()"),
        ("from floe.authoring import asset", "@asset"),
    ],
)
def test_the_decorator_is_known_under_every_name_it_is_imported_by(python: Project, imports: str, decorator: str):
    python.write({"assets/gold/a.py": f"{imports}\n\n{decorator}\ndef a():\n    pass\n"})
    assert "gold.a" in python.artifacts().assets


def test_decorators_of_other_libraries_helpers_and_hidden_files_are_not_assets(python: Project):
    python.write(
        {
            "assets/gold/other.py": "from dagster import asset\n\n@asset\ndef a():\n    pass\n",
            "assets/gold/_helper.py": "import floe\n\n@floe.asset\ndef b():\n    pass\n",
            "assets/_lib/c.py": "import floe\n\n@floe.asset\ndef c():\n    pass\n",
        }
    )
    assert set(python.artifacts().assets) == {"bronze.matches"}


def test_the_layer_may_be_a_folder_and_must_be_somewhere(python: Project):
    python.write({"assets/x.py": "import floe\n\n@floe.asset\ndef a():\n    pass\n"})
    (mistake,) = python.mistakes()
    assert mistake.code == "FLOE-0211"
    assert mistake.message == "the asset `a` has no layer"
    assert marked(mistake) == ("assets/x.py", 4, "a")


def test_every_mistake_of_a_declaration_is_reported_with_its_place(python: Project):
    python.write(
        {
            "assets/gold/x.py": """
                import floe

                NAME = "computed"

                @floe.asset(nam="a")
                def one():
                    pass

                @floe.asset(name=NAME)
                def two():
                    pass

                @floe.asset("three", tags="x")
                def three(*inputs, **more):
                    pass

                @floe.asset(layer="glod")
                def four():
                    pass

                @floe.asset(name="not a table")
                async def five():
                    pass
            """
        }
    )
    mistakes = [(mistake.message, *marked(mistake), mistake.label) for mistake in python.mistakes()]
    file = "assets/gold/x.py"
    literal = "Floe reads it without running the file"
    assert mistakes == [
        ("`asset` has no argument `nam`", file, 5, "nam", "did you mean `name`?"),
        ("the argument `name` of `asset` must be a text, written out", file, 9, "NAME", literal),
        ("the arguments of `asset` are given by name", file, 13, '"three"', 'e.g. `layer="gold"`'),
        ("the argument `tags` of `asset` must be a list of texts, written out", file, 13, '"x"', literal),
        ("`inputs` cannot be matched to an asset by its name", file, 14, "inputs", ""),
        ("`more` cannot be matched to an asset by its name", file, 14, "more", ""),
        ("the asset `four` names an unknown layer `glod`", file, 17, '"glod"', "did you mean `gold`?"),
        (
            "`not a table` cannot be the name of a table",
            file,
            21,
            '"not a table"',
            "letters, digits and underscores only",
        ),
        ("the asset `not a table` is an async function", file, 22, "five", "write a plain function"),
    ]


def test_an_unknown_input_is_an_error_with_a_suggestion(python: Project):
    python.write({"assets/gold/x.py": "import floe\n\n@floe.asset\ndef a(match):\n    pass\n"})
    (mistake,) = python.mistakes()
    assert mistake.code == "FLOE-0212"
    assert mistake.message == "the input `match` of `a` is not an asset"
    assert mistake.label == "did you mean `matches`?"
    assert marked(mistake) == ("assets/gold/x.py", 4, "match")


def test_a_parameter_with_a_default_need_not_be_an_asset(python: Project):
    python.write({"assets/gold/x.py": "import floe\n\n@floe.asset\ndef a(matches, *, factor=32):\n    pass\n"})
    function = python.artifacts().assets["gold.a"].python
    assert function is not None
    assert function.parameters == {"matches": "bronze.matches"}


def test_an_ambiguous_input_asks_for_deps_which_then_decide(python: Project):
    other = 'import floe\n\n@floe.asset(name="matches")\ndef clean(): ...\n'
    python.write({"assets/silver/m.py": other, "assets/gold/x.py": "import floe\n\n@floe.asset\ndef a(matches): ...\n"})
    (mistake,) = python.mistakes()
    assert mistake.message == "the input `matches` of `a` is ambiguous: `bronze.matches` or `silver.matches`"
    assert mistake.hints == ('say which: `@floe.asset(deps=["bronze.matches"])`',)
    python.write({"assets/gold/x.py": 'import floe\n\n@floe.asset(deps=["silver.matches"])\ndef a(matches): ...\n'})
    function = python.artifacts().assets["gold.a"].python
    assert function is not None
    assert function.parameters == {"matches": "silver.matches"}


def test_deps_without_a_parameter_only_order(python: Project):
    python.write({"assets/gold/x.py": 'import floe\n\n@floe.asset(deps=["matches"])\ndef a(): ...\n'})
    asset = python.artifacts().assets["gold.a"]
    assert asset.depends_on == ("bronze.matches",)
    assert asset.python is not None
    assert asset.python.parameters == {}


def test_a_file_that_is_not_python_is_an_error_with_its_line(python: Project):
    python.write({"assets/gold/x.py": "import floe\n\ndef a(:\n    pass\n"})
    (mistake,) = python.mistakes()
    assert mistake.code == "FLOE-0210"
    assert mistake.message.startswith("`assets/gold/x.py` is not valid Python: ")
    assert mistake.span is not None
    assert (mistake.span.line, mistake.span.text) == (3, "def a(:")


def test_another_body_of_a_function_is_another_digest(python: Project):
    text = "import floe\n\n@floe.asset\ndef a():\n    return 1\n"
    python.write({"assets/gold/x.py": text})
    first = python.artifacts().digest
    python.write({"assets/gold/x.py": text.replace("1", "2")})
    assert python.artifacts().digest != first


def test_a_cycle_of_python_assets_is_found_without_dbt(python: Project):
    python.write({"assets/gold/x.py": "import floe\n\n@floe.asset\ndef a(b): ...\n\n@floe.asset\ndef b(a): ...\n"})
    (mistake,) = static.check(python.configuration())
    assert mistake.message == "the assets depend on each other in a cycle: `gold.a` -> `gold.b` -> `gold.a`"


def test_duplicate_keys_are_found_without_dbt(python: Project):
    python.write({"assets/bronze/x.py": "import floe\n\n@floe.asset\ndef matches(): ...\n"})
    (mistake,) = static.check(python.configuration())
    assert mistake.message == "two assets have the key `bronze.matches`"
    assert mistake.notes[0].text == "the first is in floe.yaml:5"


def test_inputs_that_dbt_may_make_are_left_to_the_compiler(python: Project):
    yaml = FLOE_YAML.replace("transforms: [", "transforms: [{type: dbt, path: models}, ")
    python.write(
        {
            "floe.yaml": yaml,
            "models/silver/orders.sql": "select 1 as id",
            "assets/gold/x.py": "import floe\n\n@floe.asset\ndef a(orders): ...\n",
        }
    )
    assert static.check(python.configuration()) == []
    assert python.artifacts().assets["gold.a"].depends_on == ("silver.orders",)


def test_an_unknown_layer_is_shown_beside_the_layers_of_the_platform(python: Project):
    python.write({"assets/a.py": "import floe\n\n@floe.asset(layer='glod')\ndef a(): ...\n"})
    (built_in,) = static.check(python.configuration())
    python.write(
        {
            "platform.yaml": """
                version: "1.0.0"
                storage: {default: {type: local, path: lake}}
                catalogs: {default: {type: sql, uri: "sqlite:///lake.db"}}
                compute: {default: {type: duckdb}}
                layers:
                  bronze: {namespace: bronze}
            """
        }
    )
    (of_file,) = static.check(python.configuration())
    assert built_in.notes == ()
    assert [note.text for note in of_file.notes] == ["the platform's layers are at platform.yaml:5"]
    assert of_file.notes[0].span is not None
