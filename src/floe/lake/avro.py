"""PyIceberg's Avro reading and writing, with what is the same for every file of a kind worked out only once.

PyIceberg derives reader, writer and schema text anew for each file. That was two thirds of a publish's time (profile of
33 small tables: 1.9 of 2.8 ms a table); the same objects kept give the same bytes. Its manifest and record classes,
encoders and decoders are used as they are.
"""

from __future__ import annotations

import json
import os
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Literal, Self

from pyiceberg.avro.codecs import AVRO_CODEC_KEY, KNOWN_CODECS
from pyiceberg.avro.codecs.deflate import DeflateCodec
from pyiceberg.avro.decoder import new_decoder
from pyiceberg.avro.file import MAGIC, META_SCHEMA, SYNC_SIZE, AvroFile, AvroFileHeader, AvroOutputFile
from pyiceberg.avro.resolver import construct_reader, construct_writer, resolve_reader
from pyiceberg.manifest import (
    MANIFEST_ENTRY_SCHEMAS,
    MANIFEST_LIST_FILE_SCHEMAS,
    DataFile,
    DataFileContent,
    FileFormat,
    ManifestContent,
    ManifestEntry,
    ManifestEntryStatus,
    ManifestFile,
    ManifestListWriterV2,
    ManifestWriterV2,
    PartitionFieldSummary,
    _inherit_from_manifest,
    data_file_with_partition,
    manifest_entry_schema_with_data_file,
)
from pyiceberg.partitioning import PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.types import StructType
from pyiceberg.utils.schema_conversion import AvroSchemaConversion

from floe.lake.metadata import FORMAT_VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from enum import Enum

    from pyiceberg.avro.codecs.codec import Codec
    from pyiceberg.avro.reader import Reader
    from pyiceberg.avro.writer import Writer
    from pyiceberg.io import InputFile, OutputFile
    from pyiceberg.typedef import StructProtocol

Kind = Literal["manifest_entry", "manifest_file"]
"""The record name in the Avro schema: entries of a manifest, or manifests of a manifest list."""

_RECORDS: dict[Kind, dict[int, Callable[..., StructProtocol]]] = {
    "manifest_entry": {-1: ManifestEntry, 2: DataFile},
    "manifest_file": {-1: ManifestFile, 508: PartitionFieldSummary},
}
"""Field id of a struct in the Avro schema (-1: the record itself) -> the class that holds it."""
_ENUMS: dict[Kind, dict[int, Callable[..., Enum]]] = {
    "manifest_entry": {0: ManifestEntryStatus, 101: FileFormat, 134: DataFileContent},
    "manifest_file": {517: ManifestContent},
}
_COMPRESSION: Literal["deflate"] = "deflate"
_SCHEMA_KEY = "avro.schema"
_NO_PARTITION = StructType()
_LAYOUTS_KEPT = 64
"""Avro schemas of other writers that are remembered; each engine has a handful."""


def entries_of(source: InputFile, manifest: ManifestFile) -> list[ManifestEntry]:
    """All entries of a manifest, with what they inherit from it.

    Raises:
        ValueError: the file was cut short. Like the other errors of damaged files; see `floe.lake.manifests`.
    """
    with _Source(source, "manifest_entry") as reader:
        entries = [_inherit_from_manifest(entry, manifest) for entry in reader]
    announced = (manifest.added_files_count, manifest.existing_files_count, manifest.deleted_files_count)
    counts = [count for count in announced if count is not None]
    if len(counts) == len(announced) and sum(counts) != len(entries):
        raise ValueError("the manifest does not have as many entries as its list says")
    return entries


def manifests_of(source: InputFile) -> list[ManifestFile]:
    """All manifests of a manifest list."""
    with _Source(source, "manifest_file") as reader:
        return list(reader)


class EntryWriter(ManifestWriterV2):
    """Writes a manifest of one spec. `schema` and `spec` are JSON.

    Without partitions PyIceberg's own schema is not needed, which takes long to build.
    """

    def __init__(
        self,
        schema: Mapping[str, Any],
        spec: Mapping[str, Any],
        output: OutputFile,
        snapshot_id: int,
        content: ManifestContent = ManifestContent.DATA,
    ) -> None:
        needed = Schema.model_validate(schema) if spec["fields"] else Schema()
        super().__init__(PartitionSpec.model_validate(spec), needed, output, snapshot_id, _COMPRESSION)
        self._schema_text = json.dumps(schema)
        self._content = content

    def content(self) -> ManifestContent:
        """Whether the files are data or deletes."""
        return self._content

    @property
    def _meta(self) -> dict[str, str]:
        return {**super()._meta, "content": self._content.name.lower(), "schema": self._schema_text}

    def new_writer(self) -> AvroOutputFile[ManifestEntry]:
        """The Avro file below, in PyIceberg's words."""
        partition = self._spec.partition_type(self._schema) if self._spec.fields else _NO_PARTITION
        return _Target(self._output_file, "manifest_entry", self._meta, partition)


class ListWriter(ManifestListWriterV2):
    """Writes the manifest list of a snapshot."""

    def __init__(self, output: OutputFile, snapshot_id: int, parent_id: int | None, sequence_number: int) -> None:
        super().__init__(output, snapshot_id, parent_id, sequence_number, _COMPRESSION)

    def __enter__(self) -> Self:
        """Open the file."""
        self._writer = _Target(self._output_file, "manifest_file", self._meta)
        self._writer.__enter__()
        return self


class _Header(AvroFileHeader):
    def compression_codec(self) -> type[Codec] | None:
        return KNOWN_CODECS[self.meta.get(AVRO_CODEC_KEY, "null")]  # type: ignore[index]


class _Source(AvroFile[Any]):
    def __init__(self, source: InputFile, kind: Kind) -> None:
        super().__init__(source)
        self._kind = kind

    def __enter__(self) -> Self:
        with self.input_file.open() as stream:
            content = stream.read()
        self.decoder = new_decoder(content)
        self.header = _header_reader().read(self.decoder)
        # PyIceberg takes the end of a file that was cut short for the end of its records.
        if self.header.magic != MAGIC or not content.endswith(self.header.sync):
            raise ValueError("not a whole Avro file")
        self.reader = _reader(self._kind, self.header.meta[_SCHEMA_KEY])
        return self


class _Target(AvroOutputFile[Any]):
    def __init__(
        self, output: OutputFile, kind: Kind, metadata: dict[str, str], partition: StructType = _NO_PARTITION
    ) -> None:
        # Not the parent's: it would build the writer again.
        self.output_file = output
        self.file_schema = _layout(kind, partition)
        self.schema_name = kind
        self.sync_bytes = os.urandom(SYNC_SIZE)
        self.writer = _writer(kind, partition)
        self.metadata = metadata
        self._schema_text = _schema_text(kind, partition)

    def _write_header(self) -> None:
        meta = {**self.metadata, _SCHEMA_KEY: self._schema_text, AVRO_CODEC_KEY: _COMPRESSION}
        _header_writer().write(self.encoder, AvroFileHeader(MAGIC, meta, self.sync_bytes))

    def compression_codec(self) -> type[Codec] | None:
        return DeflateCodec


@cache
def _header_reader() -> Reader:
    return construct_reader(META_SCHEMA, {-1: _Header})


@cache
def _header_writer() -> Writer:
    return construct_writer(META_SCHEMA)


@lru_cache(_LAYOUTS_KEPT)
def _reader(kind: Kind, avro_schema: str) -> Reader:
    written = AvroSchemaConversion().avro_to_iceberg(json.loads(avro_schema))
    # The layout of version 3 begins with that of version 2; its last fields, which may be missing, say where a
    # deletion vector lies.
    wanted = MANIFEST_ENTRY_SCHEMAS[3] if kind == "manifest_entry" else MANIFEST_LIST_FILE_SCHEMAS[FORMAT_VERSION]
    return resolve_reader(written, wanted, _RECORDS[kind], _ENUMS[kind])


@lru_cache(_LAYOUTS_KEPT)
def _layout(kind: Kind, partition: StructType) -> Schema:
    if kind == "manifest_file":
        return MANIFEST_LIST_FILE_SCHEMAS[FORMAT_VERSION]
    data_file = data_file_with_partition(format_version=FORMAT_VERSION, partition_type=partition)
    return manifest_entry_schema_with_data_file(format_version=FORMAT_VERSION, data_file=data_file)


@lru_cache(_LAYOUTS_KEPT)
def _writer(kind: Kind, partition: StructType) -> Writer:
    return construct_writer(_layout(kind, partition))


@lru_cache(_LAYOUTS_KEPT)
def _schema_text(kind: Kind, partition: StructType) -> str:
    return json.dumps(AvroSchemaConversion().iceberg_to_avro(_layout(kind, partition), schema_name=kind))
