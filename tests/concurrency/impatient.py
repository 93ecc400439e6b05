"""`engage` that waits for nobody for long, and answers few at once. Only the tests of bad load run it."""

from engage.cli import main
from engage.web import admission, connections

KEPT_SECONDS = 1
LOOK_SECONDS = 0.25
BODY_SECONDS = 2.0  # longer than a crowd's forms take to arrive on a busy machine
MOST_AT_ONCE = 40

if __name__ == "__main__":
    connections.KEPT_SECONDS = KEPT_SECONDS
    connections.LOOK_SECONDS = LOOK_SECONDS
    admission.BODY_SECONDS = BODY_SECONDS
    admission.MOST_AT_ONCE = MOST_AT_ONCE
    main()
