"""What the commands write to standard output: plain in a pipe, coloured on a terminal."""

from __future__ import annotations

from rich.console import Console

PIPE_WIDTH = 160


def console() -> Console:
    """A console on the present standard output; in a pipe wide enough to break no table."""
    out = Console(highlight=False)
    return out if out.is_terminal else Console(highlight=False, width=PIPE_WIDTH)


def examples(*commands: str) -> str:
    """A command's epilog: the examples below its help."""
    return "Examples:\n\n" + "\n\n".join(f"  {command}" for command in commands)
