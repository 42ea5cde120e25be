"""The version of specifications as they are written; known without the specification itself."""

from __future__ import annotations

from typing import Final, Literal

SCHEMA_VERSION: Final[Literal[1]] = 1
