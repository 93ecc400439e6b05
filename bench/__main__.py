"""Every measurement there is, one after another: `make bench`."""

import subprocess
import sys

MEASUREMENTS = (
    "bench.decoy",
    "bench.delivery",
    "bench.disclosure",
    "bench.promptness",
    "bench.invitations",
    "bench.pulse",
    "bench.registrations",
    "bench.reminders",
    "bench.reports",
    "bench.tally",
)
SHORTENED = ("bench.invitations", "bench.reminders", "bench.reports", "bench.tally")


def main() -> None:
    for name in MEASUREMENTS:
        print(f"== {name}", flush=True)
        subprocess.run([sys.executable, "-m", name, *(["--short"] if name in SHORTENED else [])], check=True)


if __name__ == "__main__":
    main()
