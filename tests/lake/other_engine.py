"""Another engine at work on a table: it deletes rows in the ways that PyIceberg reads, but does not write."""

from __future__ import annotations

import json
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import duckdb
import pyarrow.parquet as pq
from pyiceberg.avro.file import AvroOutputFile
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.conversions import to_bytes
from pyiceberg.manifest import (
    DataFile,
    DataFileContent,
    FileFormat,
    ManifestContent,
    ManifestEntry,
    ManifestEntryStatus,
    ManifestWriterV2,
    data_file_with_partition,
    manifest_entry_schema_with_data_file,
)
from pyiceberg.table.snapshots import Operation, Summary
from pyiceberg.table.update.snapshot import _FastAppendFiles
from pyiceberg.typedef import EMPTY_DICT, Record
from pyroaring import BitMap64

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    import pyarrow as pa
    from pyiceberg.manifest import ManifestFile
    from pyiceberg.table import Table

_VECTOR_MAGIC = bytes.fromhex("d1d33964")


class _DeleteManifestWriter(ManifestWriterV2):
    def content(self) -> ManifestContent:
        return ManifestContent.DELETES

    @property
    def _meta(self) -> dict[str, str]:
        return {**super()._meta, "content": "deletes"}

    def new_writer(self) -> AvroOutputFile[ManifestEntry]:
        """With the fields of format version 3, which say where a deletion vector lies."""
        partition = self._spec.partition_type(self._schema)
        layout = manifest_entry_schema_with_data_file(3, data_file_with_partition(partition, 3))
        return AvroOutputFile(self._output_file, layout, "manifest_entry", None, self._meta)


class _RowDelta(_FastAppendFiles):
    """A commit of delete files."""

    deletes: Sequence[DataFile]

    def _manifests(self) -> list[ManifestFile]:
        metadata = self._transaction.table_metadata
        written = []
        for spec_id in {item.spec_id for item in self.deletes}:
            output = self.new_manifest_output()
            spec = metadata.specs()[spec_id]
            with _DeleteManifestWriter(spec, metadata.schema(), output, self._snapshot_id, "deflate") as writer:
                for item in self.deletes:
                    if item.spec_id == spec_id:
                        writer.add(
                            ManifestEntry.from_args(
                                status=ManifestEntryStatus.ADDED, snapshot_id=self._snapshot_id, data_file=item
                            )
                        )
            written.append(writer.to_manifest_file())
        return [*written, *super()._manifests()]

    def _summary(self, snapshot_properties: dict[str, str] = EMPTY_DICT) -> Summary:
        self._added_data_files = list(self.deletes)  # the manifests are written: count them
        return super()._summary(snapshot_properties)


@dataclass
class OtherEngine:
    """PyIceberg on a catalog in a SQLite file, with what it lacks."""

    catalog: SqlCatalog

    @classmethod
    def at(cls, database: Path, warehouse: Path) -> OtherEngine:
        return cls(SqlCatalog("floe", uri=f"sqlite:///{database}", warehouse=str(warehouse)))

    def table(self, name: str) -> Table:
        return self.catalog.load_table(name)

    def paths(self, name: str) -> list[str]:
        """Live data files, those added first at the beginning."""
        entries = self.table(name).inspect.entries().to_pylist()
        live = [item for item in entries if item["status"] != 2 and item["data_file"]["content"] == 0]
        return [item["data_file"]["file_path"] for item in sorted(live, key=lambda item: item["sequence_number"])]

    def add_file(self, name: str, query: str, *partition: object, spec_id: int = 0, **bounds: tuple[Any, Any]) -> None:
        """Add the rows of a query as a file with this partition and these smallest and largest values."""
        schema = self.table(name).schema()
        with duckdb.connect() as connection:
            ids = ", ".join(f'"{field.name}": {field.field_id}' for field in schema.fields)
            path = self._write(connection, name, query, f"{{{ids}}}")
            rows = connection.execute(f"SELECT count(*) FROM '{path}'").fetchone()
        fields = {schema.find_field(column): values for column, values in bounds.items()}
        statistics = {
            "lower_bounds": {key.field_id: to_bytes(key.field_type, value) for key, (value, _) in fields.items()},
            "upper_bounds": {key.field_id: to_bytes(key.field_type, value) for key, (_, value) in fields.items()},
            "null_value_counts": {key.field_id: 0 for key in fields},
        }
        item = self._data_file(path, DataFileContent.DATA, rows[0], partition=partition, spec_id=spec_id, **statistics)
        with self.table(name).transaction() as transaction, transaction.update_snapshot().fast_append() as append:
            append.append_data_file(item)

    def delete_positions(self, name: str, rows: Mapping[str, Sequence[int]], **options: object) -> None:
        """Delete rows by their places; one file for all of them."""
        places = [(path, row) for path, numbers in sorted(rows.items()) for row in sorted(numbers)]
        with duckdb.connect() as connection:
            values = ", ".join(f"('{path}', {row}::BIGINT)" for path, row in places)
            ids = "{file_path: 2147483546, pos: 2147483545}"
            path = self._write(connection, name, f"SELECT * FROM (VALUES {values}) AS t(file_path, pos)", ids)
        self._commit(name, self._data_file(path, DataFileContent.POSITION_DELETES, len(places), **options))

    def delete_equal(self, name: str, values: pa.Table, *columns: str, **options: object) -> None:
        """Delete all rows with these values, as streaming writers do."""
        schema = self.table(name).schema()
        ids = {column: schema.find_field(column).field_id for column in values.column_names}
        with duckdb.connect() as connection:
            connection.register("gone", values)
            written = ", ".join(f"{column}: {number}" for column, number in ids.items())
            path = self._write(connection, name, "SELECT * FROM gone", f"{{{written}}}")
        equality = [ids[column] for column in columns or values.column_names]
        options["equality_ids"] = equality
        self._commit(name, self._data_file(path, DataFileContent.EQUALITY_DELETES, values.num_rows, **options))

    def delete_equal_fields(self, name: str, values: pa.Table, *equality_ids: int, **options: object) -> None:
        """Delete all rows with these values in fields of structs, which the file has with the structs around them."""
        path = self._new_path(name, "parquet")
        pq.write_table(values, path)
        options["equality_ids"] = list(equality_ids)
        self._commit(name, self._data_file(path, DataFileContent.EQUALITY_DELETES, values.num_rows, **options))

    def delete_by_vector(self, name: str, path: str, rows: Sequence[int]) -> None:
        """Delete rows of one data file by a bitmap, as format version 3 does."""
        framed = _VECTOR_MAGIC + BitMap64(rows).serialize()
        blob = struct.pack(">I", len(framed)) + framed + struct.pack(">I", zlib.crc32(framed))
        footer = json.dumps(
            {
                "blobs": [
                    {
                        "type": "deletion-vector-v1",
                        "fields": [2147483545],
                        "snapshot-id": -1,
                        "sequence-number": -1,
                        "offset": 4,
                        "length": len(blob),
                        "properties": {"referenced-data-file": path, "cardinality": str(len(rows))},
                    }
                ]
            }
        ).encode()
        trailer = b"PFA1" + footer + struct.pack("<I", len(footer)) + b"\0\0\0\0" + b"PFA1"
        file = self._new_path(name, "puffin")
        Path(file).write_bytes(b"PFA1" + blob + trailer)
        data_file = self._data_file(file, DataFileContent.POSITION_DELETES, len(rows), file_format=FileFormat.PUFFIN)
        data_file._data[17:20] = [path, 4, len(blob)]
        self._commit(name, data_file)

    def _write(self, connection: duckdb.DuckDBPyConnection, name: str, query: str, ids: str) -> str:
        path = self._new_path(name, "parquet")
        connection.execute(f"COPY ({query}) TO '{path}' (FORMAT parquet, FIELD_IDS {ids})")
        return path

    def _new_path(self, name: str, ending: str) -> str:
        folder = Path(self.table(name).location().removeprefix("file://")) / "data"
        folder.mkdir(parents=True, exist_ok=True)
        return str(folder / f"deletes-{uuid4().hex}.{ending}")

    def _data_file(
        self,
        path: str,
        content: DataFileContent,
        rows: int,
        *,
        partition: Sequence[object] = (),
        spec_id: int = 0,
        **more: object,
    ) -> DataFile:
        arguments = {
            "content": content,
            "file_path": path,
            "file_format": FileFormat.PARQUET,
            "partition": Record(*partition),
            "record_count": rows,
            "file_size_in_bytes": Path(path).stat().st_size,
            **more,
        }
        found = DataFile.from_args(_table_format_version=3, **arguments)
        found.spec_id = spec_id
        return found

    def _commit(self, name: str, *deletes: DataFile) -> None:
        with self.table(name).transaction() as transaction:
            delta = _RowDelta(Operation.DELETE, transaction, transaction._table.io)
            delta.deletes = deletes
            delta.commit()
