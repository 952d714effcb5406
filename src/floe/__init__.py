"""Floe: two YAML files and a dbt project in, tested Iceberg tables out."""

from floe.authoring import asset

__all__ = ["__version__", "asset"]


def __getattr__(name: str) -> str:
    """The version is looked up when somebody asks for it: reading package metadata costs start-up time."""
    if name == "__version__":
        from importlib.metadata import version

        return version("floe-runtime")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
