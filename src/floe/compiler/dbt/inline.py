"""SQL with Jinja that a user types: rendered as a model of the project would be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dbt.parser.manifest import process_node
from dbt.parser.sql import SqlBlockParser
from dbt_common.exceptions import DbtBaseException

from floe.compiler.dbt.messages import translate
from floe.compiler.dbt.project import prepare
from floe.compiler.dbt.render import WatchedCompiler
from floe.compiler.dbt.watch import NotFixedError, Watch
from floe.dbt.invocation import Messages, inside_dbt
from floe.dbt.manifest import load_manifest
from floe.errors import CompilationError

if TYPE_CHECKING:
    from floe.compiler.dbt.project import DbtProject

_NAME = "inline_query"


def render_inline(project: DbtProject, text: str) -> str:
    """The SQL of a text with `ref`, `source`, macros and variables of a dbt project.

    Raises:
        CompilationError: dbt cannot render it, or it queries the database or asks for the run while it is rendered.
        OSError: `.floe/` cannot be written.
    """

    def work(config: Any) -> str:  # noqa: ANN401 - dbt's RuntimeConfig
        manifest = load_manifest(config)
        node = SqlBlockParser(project=config, manifest=manifest, root_project=config).parse_remote(text, _NAME)
        process_node(config, manifest, node)
        watch = Watch()
        try:
            compiled = WatchedCompiler(config, manifest, watch).compile_node(node, manifest, write=False)
        except (DbtBaseException, NotFixedError):
            if not watch.not_fixed:
                raise
            reason = f"the query {watch.not_fixed[0]}"
            raise CompilationError("FLOE-0748", reason, "write what it would find, or make it a model") from None
        return str(compiled.compiled_code).strip()

    prepare(project)
    try:
        return inside_dbt(project, Messages(), work)
    except OSError:
        raise
    except Exception as error:
        raise translate(error, project) from error
