"""Video clips in files."""
