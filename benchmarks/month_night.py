"""Commands of `loyalty-etl` in one process, at another time than it is.

    python month_night.py 2026-03-02T02:31:00+01:00 nightly '&&' runs prune --days 10

Runs in the checkout that is the working directory. Ends with the code of the first command.
"""

import sys
from datetime import datetime
from itertools import groupby
from pathlib import Path


def main(stamp: str, *words: str) -> int:
    """Run the commands one after the other."""
    sys.path.insert(0, str(Path.cwd()))
    import time_machine

    codes = []
    with time_machine.travel(datetime.fromisoformat(stamp), tick=True):
        from pipelines.cli import main as command

        for separates, line in groupby(words, "&&".__eq__):
            if separates:
                continue
            sys.argv = ["loyalty-etl", *line]
            try:
                command()
            except SystemExit as ended:
                codes.append(int(ended.code or 0))
            print(f"# {' '.join(sys.argv)}: {codes[-1]}", file=sys.stderr, flush=True)
    return codes[0]


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
