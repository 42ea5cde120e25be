"""The headless commands, one file a group; `engine.cli.main` reads the command line."""
