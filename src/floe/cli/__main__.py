"""`python -m floe.cli`, for where the `floe` script is not on the path."""

import sys

from floe.cli.entry import main

if __name__ == "__main__":
    sys.exit(main())
