"""From a resolved spec to a compiled network on its device. Imported by workers only."""
