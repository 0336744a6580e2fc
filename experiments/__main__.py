"""The command `convtwin`: what is expected to go wrong ends in one sentence, not a traceback."""

from __future__ import annotations

import signal
import sys
from types import FrameType

OWN_PACKAGES = ("scratch", "keras_models", "experiments")
EXIT_ERROR = 2
EXIT_INTERRUPTED = 130


def main() -> None:
    """Run the command line; exit 2 on an expected error, 130 on Ctrl-C, even during imports."""
    interrupted = False

    def on_interrupt(_signal: int, _frame: FrameType | None) -> None:
        nonlocal interrupted
        interrupted = True
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, on_interrupt)
    try:
        from experiments.cli import app

        app(prog_name="convtwin")
    except BaseException as error:
        # Imports turn an interruption into errors of their own, so the flag decides.
        if interrupted:
            _leave(
                "interrupted; finished studies are kept, nothing is half-written.", EXIT_INTERRUPTED
            )
        if is_expected(error):
            _leave(str(error), EXIT_ERROR)
        raise


def is_expected(error: BaseException) -> bool:
    """Whether `error` is of a type that this project defines, so raised on purpose."""
    return type(error).__module__.partition(".")[0] in OWN_PACKAGES


def _leave(sentence: str, status: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.stderr.write(f"convtwin: {sentence}\n")
    sys.exit(status)


if __name__ == "__main__":
    main()
