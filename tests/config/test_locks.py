"""What a platform file locks, files that extend it cannot change; what they may, they may only make stricter."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Project

BASE = """version: "1.0.0"
locked: %s
storage:
  default: {type: local, path: warehouse}
catalogs:
  default: {type: sql, uri: "sqlite:///catalog.db", warehouse: lake}
compute:
  default: {type: duckdb, properties: {threads: 4, memory_limit: 4GB}}
layers:
  bronze: {namespace: bronze, retention_days: 30}
  gold: {namespace: gold, retention_days: 90}
"""


@pytest.fixture
def locked(project: Project) -> Locked:
    return Locked(project)


class Locked:
    def __init__(self, project: Project) -> None:
        self.project = project

    def report(self, locks: str, child: str) -> str:
        """What the user reads about a file that extends one with these locks; empty where nothing is wrong."""
        self.project.write("base.yaml", BASE % locks)
        return "" if not self.project.diagnostics(platform=f"extends: base.yaml\n{child}") else self.shown()

    def shown(self) -> str:
        return self.project.report(
            self.project.floe, (self.project.folder / "platform.yaml").read_text(), output_format="full"
        )


@pytest.mark.parametrize(
    ("locks", "child"),
    [
        ("[storage.default]", "storage: {default: {path: warehouse}}"),
        ("[storage.default]", "storage: {other: {type: local, path: other}}"),
        ("[layers.gold.retention_days]", "layers: {gold: {keep_snapshots: 3}}"),
        ("layers.gold.namespace", "layers: {gold: {retention_days: 1}}"),
        ("{layers.gold.retention_days: at_least}", "layers: {gold: {retention_days: 91}}"),
        ("{layers.gold.retention_days: at_least}", "layers: {gold: {retention_days: 90}}"),
        ("{layers.*.retention_days: at_most}", "layers: {gold: {retention_days: 1}}"),
        ("{layers.*.retention_days: at_least}", "layers: {silver: {namespace: silver, retention_days: 1}}"),
        ("[]", "layers: {gold: {retention_days: 1}}"),
    ],
)
def test_what_keeps_to_the_locks_is_valid(locked: Locked, locks: str, child: str):
    assert locked.report(locks, child) == ""


@pytest.mark.parametrize(
    ("locks", "child", "path", "label"),
    [
        ("[storage.default]", "storage: {default: {path: other}}", "storage.default.path", "it must stay `warehouse`"),
        (
            "[storage.default]",
            "storage: {default: {type: s3, bucket: lake, region: eu-west-1}}",
            "storage.default.type",
            "it must stay `local`",
        ),
        ("[storage]", "storage: {b: {type: local, path: b}}", "storage.b", "nothing may be added here"),
        (
            "[compute.default]",
            "compute: {default: {properties: {threads: null}}}",
            "compute.default.properties.threads",
            "it must stay `4`",
        ),
        (
            "['compute.*.properties.memory_limit']",
            "compute: {default: {properties: {memory_limit: 64GB}}}",
            "compute.default.properties.memory_limit",
            "it must stay `4GB`",
        ),
        ("[layers.gold]", "layers: {gold: null}", "layers.gold", "it must stay as it is"),
        (
            "{layers.gold.retention_days: at_least}",
            "layers: {gold: {retention_days: 89}}",
            "layers.gold.retention_days",
            "it must be at least `90`",
        ),
        (
            "{layers.gold.retention_days: at_least}",
            "layers: {gold: {retention_days: null}}",
            "layers.gold.retention_days",
            "it must be at least `90`",
        ),
        (
            "{layers.*.retention_days: at_most}",
            "layers: {bronze: {retention_days: 31}}",
            "layers.bronze.retention_days",
            "it must be at most `30`",
        ),
        (
            "{layers: fixed}",
            "layers: {gold: {keep_snapshots: 3}}",
            "layers.gold.keep_snapshots",
            "nothing may be added here",
        ),
    ],
)
def test_what_breaks_a_lock_names_the_line_and_the_lock(locked: Locked, locks: str, child: str, path: str, label: str):
    shown = locked.report(locks, child)
    assert f"error[FLOE-0133]: `{path}` is locked by `base.yaml`" in shown
    assert "--> platform.yaml:2:" in shown
    assert label in shown
    assert "note: locked at base.yaml:2" in shown
    assert "1 error" in shown.splitlines()[-1]


def test_the_diagnostic_carries_both_places(project: Project):
    project.write("base.yaml", BASE % "[layers.gold.retention_days]")
    [diagnostic] = project.diagnostics(platform="extends: base.yaml\nlayers: {gold: {retention_days: 7}}")
    assert diagnostic.span is not None
    assert diagnostic.span.location == "platform.yaml:2"
    assert [note.span.location for note in diagnostic.notes if note.span] == ["base.yaml:2", "base.yaml:11"]


def test_locks_add_up_over_levels_and_cannot_be_undone(project: Project):
    project.write("top.yaml", BASE % "{layers.gold.retention_days: at_least}")
    project.write("middle.yaml", "extends: top.yaml\nlocked: [storage.default]\nlayers: {gold: {retention_days: 120}}")
    child = "extends: middle.yaml\nlocked: []\nstorage: {default: {path: x}}\nlayers: {gold: {retention_days: %s}}"
    assert [d.message for d in project.diagnostics(platform=child % 100)] == [
        "`storage.default.path` is locked by `middle.yaml`"
    ]
    assert [d.message for d in project.diagnostics(platform=child % 89)] == [
        "`storage.default.path` is locked by `middle.yaml`",
        "`layers.gold.retention_days` is locked by `top.yaml`",
    ]


def test_a_level_between_that_breaks_a_lock_is_told_once_and_there(project: Project):
    project.write("top.yaml", BASE % "[layers.gold.retention_days]")
    project.write("middle.yaml", "extends: top.yaml\nlayers: {gold: {retention_days: 1}}")
    [diagnostic] = project.diagnostics(platform="extends: middle.yaml")
    assert diagnostic.span is not None
    assert diagnostic.span.location == "middle.yaml:2"
    assert diagnostic.notes[-1].text == "`platform.yaml` extends this file at platform.yaml:1"


@pytest.mark.parametrize(
    ("locks", "code", "message"),
    [
        ("[layers.glod]", "FLOE-0134", "did you mean `layers.gold`?"),
        ("['layers.*.retenton_days']", "FLOE-0134", "did you mean `layers.*.retention_days`?"),
        ("[layers.gold.keep_snapshots]", "FLOE-0134", "`layers.gold` holds `namespace`, `retention_days`"),
        ("[strage.default]", "FLOE-0134", "did you mean `storage.default`?"),
        ("[layers.gold.namespace.deeper]", "FLOE-0134", "`layers.gold.namespace` holds no keys"),
        ("[extends]", "FLOE-0134", "the platform holds `catalogs`"),
        ("{storage.default: at_least}", "FLOE-0135", "`at_least` needs a number, and `storage.default` is none"),
        ("{compute.default.properties.memory_limit: at_most}", "FLOE-0135", "`at_most` needs a number"),
        ("{storage.default: fixd}", "FLOE-0107", "did you mean 'fixed'?"),
        ("[1]", "FLOE-0106", "`locked` holds something other than the path of a value"),
        ("7", "FLOE-0106", "`locked` must be keys with values"),
        ("['']", "FLOE-0107", "must not be empty"),
    ],
)
def test_a_lock_that_would_not_hold_is_a_mistake(locked: Locked, locks: str, code: str, message: str):
    shown = locked.report(locks, "version: '1.0.0'")
    assert code in shown
    assert message in shown
    assert "--> base.yaml:2:" in shown


def test_a_file_that_extends_nothing_has_its_locks_checked_too(project: Project):
    assert "did you mean `layers.gold`?" in project.report(platform=BASE % "[layers.glod]")
    assert project.diagnostics(platform=BASE % "[layers.gold, layers.gold.namespace]") == ()
