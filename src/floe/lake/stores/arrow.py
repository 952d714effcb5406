"""Files of object stores, through Arrow's file systems: S3 and what speaks its protocol, Google's and Azure's."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from floe.errors import LakeError
from floe.lake.stores.base import ListedFile
from floe.lake.stores.locations import object_location
from floe.lake.stores.object_faults import TRANSIENT, UNCLEAR, Fault, fault_in, storage_error
from floe.lake.stores.retrying import with_retries
from floe.lake.stores.s3_requests import MOST_DELETED_AT_ONCE, NotOfferedError, S3Requests
from floe.secrets.masking import mask

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from pyarrow import NativeFile
    from pyarrow.fs import FileSystem

    from floe.lake.stores.access import Access
    from floe.lake.stores.credentials import Credentials, RenewableCredentials

Result = TypeVar("Result")
_DELETE_THREADS = 16
_ATTEMPTS = 7
_FIRST_CONTACT_SECONDS = 3.0
"""How long attempts go on at a store that has never answered: a wrong address should not take long to tell."""


class ArrowStore:
    """One object store, with one set of credentials; implements `floe.lake.stores.base.FileStore`.

    Args:
        access: How the store is reached.
        credentials: What proves who asks: asked for when the store is first used, and renewed before they expire.
    """

    def __init__(self, access: Access, credentials: RenewableCredentials) -> None:
        self.access = access
        self.credentials = credentials
        self._lock = threading.Lock()
        self._opened: tuple[Credentials, FileSystem] | None = None
        self._direct: tuple[Credentials, S3Requests] | None = None
        self._has_direct_requests = True
        self._met = False
        self._first_failed = 0.0
        """On the clock of `time.monotonic`; 0 where nothing has failed yet."""

    @property
    def is_local(self) -> bool:
        """It is not."""
        return False

    @property
    def _attempts(self) -> int:
        """At each request. Google's and Azure's libraries try again themselves, for about ten seconds."""
        return _ATTEMPTS if self.access.type == "s3" else 1

    def filesystem(self) -> FileSystem:
        """Arrow's file system, with credentials that stay valid for a while. It tries nothing twice."""
        current = self.credentials.current()
        with self._lock:
            if self._opened is None or self._opened[0] is not current:
                from floe.lake.stores.arrow_systems import open_filesystem

                self._opened = current, open_filesystem(self.access, current)
            return self._opened[1]

    def open_new(self, location: str) -> NativeFile:
        """A stream that writes a file, which is there when the stream is closed; faults that pass are tried again.

        Raises:
            OSError: as Arrow does, also when something is written or the stream is closed.
        """
        from floe.lake.stores.arrow_systems import open_filesystem

        filesystem = open_filesystem(self.access, self.credentials.current(), attempts=_ATTEMPTS)
        return filesystem.open_output_stream(object_location(location).path, compression=None)

    def read(self, location: str) -> bytes:
        """The content of a file; see `FileStore.read`."""
        path = object_location(location).path

        def read_all(filesystem: FileSystem) -> bytes:
            direct = self._s3()
            if direct is not None:
                return direct.read(location)
            with filesystem.open_input_file(path) as stream:
                content: bytes = stream.read()
            return content

        return self._existing("read", location, read_all)

    def reading(self, location: str, work: Callable[[FileSystem], Result]) -> Result:
        """Do `work`, which reads a file, in the way and with the errors of `read`; it may be called again."""
        return self._existing("read", location, work)

    @property
    def bucket(self) -> str:
        """Name of the bucket, or of the container."""
        return object_location(self.access.root).bucket

    def has_bucket(self) -> bool:
        """Whether the bucket is there.

        Raises:
            LakeError: the store cannot be reached, or refuses the credentials.
            EnvironmentFaultError: a secret is missing.
        """

        def look(filesystem: FileSystem) -> bool:
            (found,) = filesystem.get_file_info([self.bucket])
            return bool(found.type.name != "NotFound")

        return self._request("use", self.access.root, look)

    def make_bucket(self) -> None:
        """Make the bucket, which is not there yet.

        Raises:
            LakeError: the store cannot be reached, or does not let these credentials make it.
            EnvironmentFaultError: a secret is missing.
        """
        from floe.lake.stores.arrow_systems import open_bucket_maker

        def make(_: FileSystem) -> None:
            maker = open_bucket_maker(self.access, self.credentials.current())
            maker.create_dir(self.bucket, recursive=False)

        self._request("create", self.access.root, make)

    def check(self) -> None:
        """Find out whether the store can be used, before anything depends on it.

        Raises:
            LakeError: it cannot be reached, refuses the credentials, or has no such bucket.
            EnvironmentFaultError: a secret is missing.
        """
        bucket = object_location(self.access.root).bucket

        def look(filesystem: FileSystem) -> bool:
            (found,) = filesystem.get_file_info([bucket])
            return bool(found.type.name == "NotFound")

        try:
            missing = self._request("use", self.access.root, look)
        except LakeError as error:
            # Keys that may not look at the bucket may still read and write in it.
            if error.code not in (Fault.NO_PERMISSION.value, Fault.OTHER.value):
                raise
            return
        if missing:
            raise storage_error(Fault.NO_BUCKET, self.access, "use", self.access.root)

    def write_new(self, location: str, content: bytes) -> None:
        """Create a file; see `FileStore.write_new`.

        S3 decides itself whether the file is there. Other stores are asked first: nobody else writes a name of ours, as
        each holds the id of its run.
        """
        attempts = 0

        def create(filesystem: FileSystem) -> bool:
            nonlocal attempts
            attempts += 1
            return self._create(filesystem, location, content)

        if self._existing("write", location, create):
            return
        # An attempt whose reply was lost may have written it.
        if attempts == 1 or self.read(location) != content:
            raise LakeError("FLOE-0501", f"cannot write `{location}`: it is there already", "run again")

    def _create(self, filesystem: FileSystem, location: str, content: bytes) -> bool:
        """Create a file unless it is there."""
        direct = self._s3()
        if direct is not None:
            try:
                return direct.create(location, content)
            except NotOfferedError:
                self._has_direct_requests = False
        path = object_location(location).path
        try:
            _size(filesystem, path)
        except FileNotFoundError:
            with filesystem.open_output_stream(path, compression=None) as stream:
                stream.write(content)
            return True
        return False

    def size(self, location: str) -> int:
        """Bytes of a file; see `FileStore.size`."""
        path = object_location(location).path
        return self._existing("read", location, lambda filesystem: _size(filesystem, path))

    def make_folder(self, location: str) -> None:
        """Nothing: object stores have no folders."""

    def delete(self, locations: Iterable[str]) -> None:
        """Delete files, several at a time; see `FileStore.delete`."""
        wanted = list(locations)
        if not wanted or self._delete_together(wanted):
            return
        with ThreadPoolExecutor(min(_DELETE_THREADS, len(wanted))) as executor:
            for _ in executor.map(self._delete, wanted):
                pass

    def list_files(self, folder: str) -> Iterator[ListedFile]:
        """Every file below a folder; see `FileStore.list_files`."""
        from pyarrow.fs import FileSelector

        place = object_location(folder)
        selector = FileSelector(place.path, recursive=True, allow_not_found=True)
        root = folder[: len(folder) - len(place.key)] if place.key else folder
        found = self._request("list", folder, lambda filesystem: filesystem.get_file_info(selector))
        for item in found:
            if item.is_file:
                key = item.path.partition("/")[2]
                yield ListedFile(f"{root.rstrip('/')}/{key}", item.size, item.mtime.astimezone(UTC))

    def sync(self, locations: Iterable[str]) -> None:
        """Nothing: an object store has kept what it acknowledged."""

    def explain(self, action: str, location: str, said: str) -> LakeError:
        """The error for a message of any library that could not do `action` to a file of this store."""
        fault = fault_in(said)
        if fault in UNCLEAR:
            fault, said = self._looked_into(location, fault, said)
        return storage_error(fault, self.access, action, location, mask(" ".join(said.split())))

    def _delete_together(self, locations: Sequence[str]) -> bool:
        """Delete files in as few requests as S3 allows; False where the store does not know such requests."""
        starts = range(0, len(locations), MOST_DELETED_AT_ONCE)
        parts = (locations[start : start + MOST_DELETED_AT_ONCE] for start in starts)
        return all(self._request("delete", part[0], partial(self._delete_part, part)) for part in parts)

    def _delete_part(self, locations: Sequence[str], _filesystem: FileSystem) -> bool:
        direct = self._s3()
        if direct is None:
            return False
        try:
            direct.delete(locations)
        except NotOfferedError:
            self._has_direct_requests = False
            return False
        return True

    def _s3(self) -> S3Requests | None:
        """Requests that Arrow does not have; None for other stores, and without keys of our own to sign with."""
        current = self.credentials.current()
        if self.access.type != "s3" or not current.values or not self._has_direct_requests:
            return None
        with self._lock:
            if self._direct is None or self._direct[0] is not current:
                self._direct = current, S3Requests(self.access, current.values)
            return self._direct[1]

    def _delete(self, location: str) -> None:
        path = object_location(location).path
        try:
            self._request("delete", location, lambda filesystem: filesystem.delete_file(path))
        except FileNotFoundError:
            return

    def _existing(self, action: str, location: str, work: Callable[[FileSystem], Result]) -> Result:
        """As `_request`, for files that should be there: where the whole bucket is missing, that is said."""
        try:
            return self._request(action, location, work)
        except FileNotFoundError:
            bucket = object_location(location).bucket
            if self._is_missing(bucket):
                raise storage_error(Fault.NO_BUCKET, self.access, action, location) from None
            raise

    def _request(self, action: str, location: str, work: Callable[[FileSystem], Result]) -> Result:
        """Do `work`, again after faults that pass; once more with new credentials where the store refused the old ones.

        Raises:
            FileNotFoundError: the file, or its bucket, is not there.
            LakeError: anything else went wrong.
        """
        try:
            return with_retries(lambda: self._answered(work), self._is_worth_another, self._attempts)
        except FileNotFoundError:
            raise
        except (OSError, ValueError) as error:
            refused = self._opened[0] if self._opened else None
            if refused is not None and fault_in(str(error)) not in TRANSIENT and self.credentials.renew(refused):
                return self._last_attempt(action, location, work)
            raise self.explain(action, location, str(error)) from None

    def _last_attempt(self, action: str, location: str, work: Callable[[FileSystem], Result]) -> Result:
        try:
            return with_retries(lambda: self._answered(work), self._is_worth_another, self._attempts)
        except FileNotFoundError:
            raise
        except (OSError, ValueError) as error:
            raise self.explain(action, location, str(error)) from None

    def _answered(self, work: Callable[[FileSystem], Result]) -> Result:
        result = work(self.filesystem())
        self._met = True
        return result

    def _is_worth_another(self, error: Exception) -> bool:
        """Whether the next attempt may go well; a store that has never answered is given up sooner."""
        if not _is_transient(error):
            return False
        self._met = self._met or fault_in(str(error)) is Fault.FAILING
        if self._met:
            return True
        self._first_failed = self._first_failed or time.monotonic()
        return time.monotonic() - self._first_failed < _FIRST_CONTACT_SECONDS

    def _looked_into(self, location: str, fault: Fault, said: str) -> tuple[Fault, str]:
        """What is really wrong: replies to some requests have no body that says it, those to a listing have."""
        from pyarrow.fs import FileSelector

        place = object_location(location)
        try:
            self.filesystem().get_file_info(FileSelector(f"{place.bucket}/floe-asks-why", allow_not_found=True))
        except OSError as error:
            clearer = fault_in(str(error))
            return (clearer, str(error)) if clearer is not Fault.OTHER else (fault, said)
        return fault, said

    def _is_missing(self, bucket: str) -> bool:
        try:
            (found,) = self.filesystem().get_file_info([bucket])
        except OSError:
            return False
        return bool(found.type.name == "NotFound")


def _size(filesystem: FileSystem, path: str) -> int:
    with filesystem.open_input_file(path) as stream:
        size: int = stream.size()
    return size


def _is_transient(error: Exception) -> bool:
    return isinstance(error, OSError) and not isinstance(error, FileNotFoundError) and fault_in(str(error)) in TRANSIENT
