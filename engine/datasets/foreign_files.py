"""Files of types that are not opened: what to do with each, in a sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Final

_ADVICE: Final = {
    "It is packed: unpack it, and open what was in it.": (
        ".gz .tgz .bz2 .tbz .xz .txz .zst .zip .7z .rar .tar .lz4 .z"
    ),
    "Save its records as a table first, as CSV or Parquet.": ".json .jsonl .ndjson .geojson .xml",
    "Save it as CSV in Weka, or remove the lines before '@data' and name the columns.": ".arff",
    "Save it as CSV in the program it comes from.": (
        ".sav .zsav .por .dta .sas7bdat .xpt .rds .rda .rdata .jmp .mtw .wf1 .gdt .numbers"
    ),
    "Write it again as Parquet, or as CSV.": ".feather .arrow .ipc .orc .avro .fst .qs",
    "Save its arrays as .npz.": ".h5 .hdf5 .hdf .mat .nc .zarr .pt .pth .tfrecord .tfrecords",
    "Such files may run code when they are opened. Save what is in it as .npz, Parquet or CSV.": (
        ".pkl .pickle .joblib .dill"
    ),
    "Export the table from the database, as CSV or Parquet.": (
        ".db .sqlite .sqlite3 .duckdb .mdb .accdb .sql .dbf"
    ),
    "Copy its table into a spreadsheet, or save its text as .txt.": (
        ".html .htm .mhtml .pdf .doc .docx .odt .rtf .md"
    ),
    "Save the images as JPEG, PNG or TIFF.": ".heic .heif .avif .psd .svg .raw .cr2 .nef .dng .dcm",
}
_BY_SUFFIX: Final = {
    suffix: advice for advice, suffixes in _ADVICE.items() for suffix in suffixes.split()
}


def advice_on(path: Path) -> str:
    """What to do with a file of a type that is known, but not opened; empty: nothing is known."""
    return _BY_SUFFIX.get(path.suffix.lower(), "")
