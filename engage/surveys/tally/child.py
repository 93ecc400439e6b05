"""What a child runs that opens boxes: they come in with the work to do on them, what that makes of them goes out.

It ends when nothing more can come: it does not outlive, with a key in its memory, whoever fed it.
"""

import pickle
import sys


def serve() -> None:
    """Work until the pipe is closed."""
    given, made = sys.stdin.buffer, sys.stdout.buffer
    while True:
        try:
            work, boxes = pickle.load(given)  # noqa: S301 - from the parent, and from nobody else
        except (EOFError, pickle.UnpicklingError):  # at the end of a chunk, or within one
            return
        pickle.dump(work(boxes), made, pickle.HIGHEST_PROTOCOL)
        made.flush()
