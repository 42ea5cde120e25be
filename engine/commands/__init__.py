"""The headless commands, one file a group; `engine.cli` reads the command line and calls them."""
