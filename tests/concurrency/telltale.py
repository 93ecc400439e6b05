"""`engage` with a leak: it logs who opens and who answers a wave. Only the thief's test runs it."""

import structlog

from engage.cli import main
from engage.surveys.answers.open_waves import Asked, OpenWave

asked_unheard = OpenWave.asked


def asked(self: OpenWave, token: str) -> Asked | None:
    structlog.get_logger().info("answering", roster_entry=self.links.read(token))
    return asked_unheard(self, token)


if __name__ == "__main__":
    setattr(OpenWave, asked.__name__, asked)
    main()
