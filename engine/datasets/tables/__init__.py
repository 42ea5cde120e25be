"""Tables: CSV and TSV of every make, Excel, Parquet; columns understood, gaps counted."""
