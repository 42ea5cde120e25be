"""The program `descent` of a package: the window."""

import sys

from launcher import launch

if __name__ == "__main__":
    sys.exit(launch(is_for_commands=False))
