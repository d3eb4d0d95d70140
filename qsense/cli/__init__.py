"""The command line. Commands are thin; their files, and what is heavy, are imported only when they run."""

import sys

try:  # the user may press Ctrl-C while this is imported
    from qsense.cli.app import app, main
except KeyboardInterrupt:
    sys.exit(130)

__all__ = ["app", "main"]
