"""Apache Spark with Iceberg: the jars beside PySpark, and a session on a catalog in an SQLite file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.cache import cache_folder, download

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MAVEN = "https://repo1.maven.org/maven2"
JARS = (
    # For PySpark 3.5, which runs on Java 17.
    "org/apache/iceberg/iceberg-spark-runtime-3.5_2.12/1.12.0/iceberg-spark-runtime-3.5_2.12-1.12.0.jar",
    "org/xerial/sqlite-jdbc/3.50.3.0/sqlite-jdbc-3.50.3.0.jar",
)


def jars() -> list[Path]:
    """The jars, fetched if they are not there yet."""
    folder = cache_folder() / "spark-jars"
    found = [folder / jar.rpartition("/")[2] for jar in JARS]
    for jar, path in zip(JARS, found, strict=True):
        if not path.exists():
            download(f"{MAVEN}/{jar}", path)
    return found


def catalog_settings(name: str, database: Path, warehouse: Path) -> Mapping[str, str]:
    """Spark's settings for the catalog of that name in an SQLite file, which Floe and PyIceberg share."""
    prefix = f"spark.sql.catalog.{name}"
    return {
        prefix: "org.apache.iceberg.spark.SparkCatalog",
        f"{prefix}.catalog-impl": "org.apache.iceberg.jdbc.JdbcCatalog",
        f"{prefix}.uri": f"jdbc:sqlite:{database}",
        f"{prefix}.jdbc.schema-version": "V1",
        f"{prefix}.warehouse": str(warehouse),
        # What others commit is seen at once.
        f"{prefix}.cache-enabled": "false",
    }


def open_spark(settings: Mapping[str, str]) -> Any:  # noqa: ANN401 - a SparkSession
    """A Spark of one thread in this process and one Java process, which `stop` ends."""
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master("local[1]").appName("floe-conformance")
    common = {
        "spark.jars": ",".join(map(str, jars())),
        "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "1",
        "spark.driver.memory": "1g",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.ui.enabled": "false",
    }
    for key, value in {**common, **settings}.items():
        builder = builder.config(key, value)
    return builder.getOrCreate()
