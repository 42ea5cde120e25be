"""The program `descent-cli` of a package: the commands."""

import sys

from launcher import launch

if __name__ == "__main__":
    sys.exit(launch(is_for_commands=True))
