"""How a command ends whose output is lost, or that fails in a way that nobody foresaw."""

from __future__ import annotations

from engine.cli.commands.output import Output, error_lines
from engine.devices.console.startup import EXIT_FAILED, ending_code, ending_words, interruption
from engine.devices.out_of_memory import MEMORY_HINT, is_out_of_memory, memory_text
from engine.errors import DescentError
from engine.spec.plugins.guarding import error_words


def printed(output: Output, code: int, acts: bool = False) -> int:
    """Says that something could not be printed: an error where a command was for that alone."""
    output.flush()
    problem = output.told_problem()
    if not problem or output.is_left:
        return code
    output.note(problem if acts else f"Error: {problem}")
    return code if acts else code or EXIT_FAILED


def unexpected(error: Exception) -> int:
    """Says what ended a command that nobody foresaw, and returns its exit code."""
    output = Output(as_json=False)
    interrupted = interruption(error)
    if interrupted is not None:
        output.note(ending_words(interrupted))
        return ending_code(interrupted)
    if is_out_of_memory(error):
        output.note(*error_lines(DescentError(memory_text(error), MEMORY_HINT)))
        return EXIT_FAILED
    # The log has the trace; people get the place, for a report.
    output.note(
        f"Error: Something unexpected went wrong. Received: {error_words(error)}.",
        "  This is a mistake in Descent: please report it. What was stored before is as it was.",
    )
    return EXIT_FAILED
