"""Local folders and S3 keep the contract of a storage."""

from .contract import *  # noqa: F403 - the tests are the contract's
