"""``arxiv-digest`` as an installed command that starts in no time: it asks the tests' fork server for a child.

Run as a script it is that command: it sends what it was called with to a socket, and ends as the answer says.
"""

import json
import os
import socket
import sys
from pathlib import Path

SOCKET = "ARXIV_DIGEST_TEST_SOCKET"


def main() -> int:
    """Have the program run elsewhere, in this folder and environment, and repeat what it said."""
    order = {"arguments": sys.argv[1:], "folder": str(Path.cwd()), "environment": dict(os.environ)}
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(os.environ[SOCKET])
        line.sendall(json.dumps(order).encode() + b"\n")
        with line.makefile("r", encoding="utf-8") as answer:
            code, out, err = json.loads(answer.readline())
    sys.stderr.write(err)
    sys.stdout.write(out)
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
