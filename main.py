"""Descent: the window by default, headless commands otherwise."""

import sys  # nothing else: until `console.startup` is there, Ctrl-C would end in a traceback


def main() -> int:
    """Runs what the command line asks for and returns the exit code."""
    arguments = sys.argv[1:]
    if not _is_for_window(arguments):
        from engine.cli.main import run

        return run(arguments)

    from gui.window.display import display_problem

    problem = display_problem()
    if problem:
        from engine.devices.clean_python import commands_program

        name = commands_program()
        sys.stderr.write(
            f"Error: {problem}\n"
            f"  Without a window, use the commands: {name} train --data iris (see {name} --help)\n"
        )
        return 2
    load_window()
    from gui.window.app import main as open_window

    return open_window(arguments)


def load_window() -> None:
    """Imports the window, the most of a start, without looking for garbage all the time."""
    import gc

    gc.disable()  # the window collects by itself; what is loaded until then stays anyway
    import gui.window.app  # noqa: F401


def _is_for_window(arguments: list[str]) -> bool:
    """No arguments, its own option, or a file to open; no command has the sign of a path in it."""
    first = arguments[0] if arguments else "--workspace"
    return first.startswith(("--workspace", "~")) or (
        not first.startswith("-") and any(sign in first for sign in "./\\")
    )


def window() -> int:
    """The program as people start it, under the care of `engine.devices.console.startup`."""
    return _cared_for(is_for_commands=False)


def commands() -> int:
    """The same for commands alone, whatever the arguments are."""
    return _cared_for(is_for_commands=True)


def _command() -> int:
    from engine.cli.main import run

    return run()


def _cared_for(is_for_commands: bool) -> int:
    try:
        from engine.devices.console.startup import start

        return start(_command if is_for_commands else main)
    except KeyboardInterrupt:  # so early that nobody else could say so
        if sys.stderr is not None:
            print("Interrupted.", file=sys.stderr)  # noqa: T201
        return 130


# Worker processes import this file; only the program itself runs it.
if __name__ == "__main__":
    sys.exit(window())
