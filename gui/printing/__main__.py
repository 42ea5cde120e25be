"""The process that prints: a report comes in on standard input, a PDF goes out."""

from __future__ import annotations

import sys

from engine.service.reports.packing import unpacked
from gui.printing.document import pdf_of

if __name__ == "__main__":
    sys.stdout.buffer.write(pdf_of(unpacked(sys.stdin.buffer.read())))
