"""The guide: a page for each architecture, and for what goes wrong in training."""
