"""Notices what the SQL of a node is made of while dbt renders it.

That is: macros, variables of the environment, the graph; and what cannot be fixed at compile time, such as
queries of the database, the clock and the identity of the run.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CLOCK_AND_RUN = (
    "dbt_metadata_envs",
    "invocation_args_dict",
    "invocation_id",
    "run_started_at",
    "selected_resources",
    "thread_id",
)
"""Names of dbt's Jinja context that differ from run to run."""

QUERY = "queries the database while it is rendered"
_FIXED_FLAGS = {"WHICH": "build"}
RESULTS = ("results", "schemas", "database_schemas")
"""Names that dbt adds for hooks at the end of a run."""
_FLAGS_OF_THE_CALL = ("FULL_REFRESH", "INVOCATION_COMMAND", "LOG_PATH", "PROFILES_DIR", "PROJECT_DIR", "TARGET_PATH")


class NotFixedError(RuntimeError):
    """The SQL asks for something that only a run knows."""


@dataclass
class Watch:
    """What was used since the last `reset`."""

    macros: set[str] = field(default_factory=set)
    variables: set[str] = field(default_factory=set)
    not_fixed: list[str] = field(default_factory=list)
    """What the SQL does that is not fixed at compile time: "uses `run_started_at`"."""
    graph: bool = False

    def reset(self) -> None:
        """Forget everything, before the next node."""
        self.macros, self.variables, self.not_fixed, self.graph = set(), set(), [], False

    def refuse(self, what: str) -> NoReturn:
        """Note a use of something that is not fixed, and stop rendering.

        Raises:
            NotFixedError: always.
        """
        if what not in self.not_fixed:
            self.not_fixed.append(what)
        raise NotFixedError(what)


class NotFixed:
    """Stands for a value that only a run knows; any use of it is noted and refused."""

    def __init__(self, watch: Watch, name: str) -> None:
        self._watch = watch
        self._name = name

    def _refuse(self, *_: object) -> NoReturn:
        self._watch.refuse(f"uses `{self._name}`")

    __str__ = __repr__ = __bool__ = __len__ = __iter__ = __hash__ = _refuse
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _refuse
    __add__ = __radd__ = __sub__ = __rsub__ = __getitem__ = __contains__ = __format__ = _refuse

    def __call__(self, *_: object, **__: object) -> NoReturn:
        """Refuse the call, whatever its arguments."""
        self._refuse()

    def __getattr__(self, attribute: str) -> NoReturn:
        self._refuse()


class FlagsView:
    """dbt's flags as a model sees them in `dbt build`, without those that belong to one call."""

    def __init__(self, watch: Watch, flags: Any, refused: tuple[str, ...] = _FLAGS_OF_THE_CALL) -> None:  # noqa: ANN401
        self._watch = watch
        self._flags = flags
        self._refused = refused

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the flag holds
        if name.upper() in self._refused:
            self._watch.refuse(f"uses `flags.{name}`")
        return _FIXED_FLAGS.get(name.upper(), getattr(self._flags, name))


class GraphView:
    """dbt's `graph`, built when it is first used, in an order that does not depend on how dbt parsed."""

    def __init__(self, watch: Watch, manifest: Any, built: dict[str, Any]) -> None:  # noqa: ANN401 - dbt's Manifest
        self._watch = watch
        self._manifest = manifest
        self._built = built

    def _graph(self) -> dict[str, Any]:
        self._watch.graph = True
        if not self._built:
            self._manifest.build_flat_graph()
            for part, members in self._manifest.flat_graph.items():
                self._built[part] = {key: _timeless(members[key]) for key in sorted(members)}
        return self._built

    def __getitem__(self, part: str) -> Any:  # noqa: ANN401 - a part of dbt's graph
        return self._graph()[part]

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - a part of dbt's graph, or a method of dict
        return getattr(self._graph(), name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._graph())


def _timeless(member: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in member.items() if key not in ("created_at", "root_path")}


def prepare_context(context: dict[str, Any], watch: Watch, graph: GraphView, *, increment: bool | None) -> None:
    """Put watched values into the context that dbt made for one node.

    `increment` is what `is_incremental()` says; None leaves that to the context, for unit tests that override it.
    """
    watched: dict[str, Any] = {name: NotFixed(watch, name) for name in CLOCK_AND_RUN}
    watched["env_var"] = _watched_env_var(context["env_var"], watch)
    watched["flags"] = FlagsView(watch, context["flags"])
    watched["graph"] = graph
    watched["modules"] = {**context["modules"], "datetime": _without_clock(context["modules"]["datetime"], watch)}
    watched["model"] = {**context["model"], "created_at": NotFixed(watch, "model.created_at")}
    context.update(watched)
    context["builtins"].update({name: value for name, value in watched.items() if name in context["builtins"]})
    if increment is not None:
        _replace_macro(context, "is_incremental", lambda: increment)
        _replace_macro(context, "should_full_refresh", _full_refresh(context, watch))
    _record_macros(context["context_macro_stack"], watch)


def prepare_hook_context(context: dict[str, Any], watch: Watch) -> None:
    """What more is not fixed in hooks of a run: its command and results, and what a hook tells the user each time."""
    log = context["log"]

    def watched_log(msg: str, info: bool = False) -> str:
        return watch.refuse("logs a message") if info else str(log(msg))

    def refuse(what: str) -> Callable[..., NoReturn]:
        return lambda *_, **__: watch.refuse(what)

    watched: dict[str, Any] = {name: NotFixed(watch, name) for name in RESULTS}
    watched["flags"] = FlagsView(watch, context["flags"], (*_FLAGS_OF_THE_CALL, "WHICH"))
    watched["log"], watched["print"] = watched_log, refuse("prints a message")
    watched["exceptions"] = {**context["exceptions"], "warn": refuse("warns")}
    context.update(watched)
    context["builtins"].update({name: value for name, value in watched.items() if name in context["builtins"]})


def _watched_env_var(env_var: Callable[..., str], watch: Watch) -> Callable[..., str]:
    def watched(var: str, default: str | None = None) -> str:
        watch.variables.add(var)
        return env_var(var, default)

    return watched


def _full_refresh(context: dict[str, Any], watch: Watch) -> Callable[[], bool]:
    def should_full_refresh() -> bool:
        configured = context["model"]["config"].get("full_refresh")
        if configured is None:
            watch.refuse("uses `should_full_refresh()`")
        return bool(configured)

    return should_full_refresh


def _replace_macro(context: dict[str, Any], name: str, replacement: Callable[[], bool]) -> None:
    """Replace dbt's own macro; a macro of that name in the project is the user's and stays."""
    context["dbt"][name] = replacement
    generator = context.get(name)
    if getattr(getattr(generator, "macro", None), "package_name", "") == "dbt":
        context[name] = replacement


def _record_macros(stack: Any, watch: Watch) -> None:  # noqa: ANN401 - dbt's MacroStack
    push = stack.push

    def recording_push(unique_id: str) -> None:
        watch.macros.add(unique_id)
        push(unique_id)

    stack.push = recording_push


def _without_clock(module: dict[str, Any], watch: Watch) -> dict[str, Any]:
    class Date(dt.date):
        @classmethod
        def today(cls) -> NoReturn:
            watch.refuse("uses `modules.datetime.date.today()`")

    class DateTime(dt.datetime):
        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> NoReturn:  # noqa: ARG003 - datetime's signature
            watch.refuse("uses `modules.datetime.datetime.now()`")

        @classmethod
        def utcnow(cls) -> NoReturn:
            watch.refuse("uses `modules.datetime.datetime.utcnow()`")

        @classmethod
        def today(cls) -> NoReturn:
            watch.refuse("uses `modules.datetime.datetime.today()`")

    return {**module, "date": Date, "datetime": DateTime}


class QueryGuard:
    """Keeps an adapter from reaching a database while SQL is rendered, and notes each attempt."""

    _methods: ClassVar[tuple[str, ...]] = ("execute", "add_query", "open")

    def __init__(self, connections: Any, watch: Watch) -> None:  # noqa: ANN401 - dbt's connection manager
        for method in self._methods:
            setattr(connections, method, self._refusal(watch))

    @staticmethod
    def _refusal(watch: Watch) -> Callable[..., NoReturn]:
        def refuse(*_: object, **__: object) -> NoReturn:
            watch.refuse(QUERY)

        return refuse
