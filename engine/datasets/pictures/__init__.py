"""Images in files: a folder per class, or a table that names them."""
