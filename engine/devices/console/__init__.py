"""What stands between the program and whoever started it: signals, streams, harmless text."""
