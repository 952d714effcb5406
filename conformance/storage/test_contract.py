"""Azure and Google Cloud Storage keep the contract of a storage, which local folders and S3 keep in `tests/lake`."""

from tests.lake.stores.contract import *  # noqa: F403 - the tests are the contract's
