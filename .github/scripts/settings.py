"""Write the settings of a run: digest.toml, changed as the inputs of the action say.

Takes DIGESTS, BUDGET and SITE_URL from the environment, any of them empty. Where they change nothing, nothing is
written, and the program reads digest.toml itself, so that its complaints name that file and line.
"""

from __future__ import annotations

import json
import os
import re
import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

BETWEEN = re.compile(r"[\s,;，、；]+")
"""What may stand between two digests."""
NO_BUDGET = "none"
CONFIG = Path("digest.toml")


def main(arguments: Sequence[str]) -> None:
    """Write the file that is named, and tell the runner where the settings are, if they are not in digest.toml."""
    try:
        given = tomllib.loads(CONFIG.read_text("utf-8-sig")) if CONFIG.is_file() else {}
    except (OSError, ValueError):
        return  # The program says what is wrong with the file.
    made = changed(given, os.environ)
    if made == given:
        return
    Path(arguments[0]).write_text(as_toml(made), "utf-8")
    with Path(os.environ["GITHUB_OUTPUT"]).open("a", encoding="utf-8") as output:
        output.write(f"config={arguments[0]}\n")
    keys = ", ".join(key for key in given | made if made.get(key) != given.get(key))
    print(f"The settings are those of {CONFIG}, but for {keys}.")


def changed(given: Mapping[str, Any], inputs: Mapping[str, str]) -> dict[str, Any]:
    """Return the settings that the inputs ask for.

    A word of DIGESTS is a section of digest.toml, a category, or categories joined by ``+``; each makes a digest.
    """
    made = dict(given)
    words = [word for word in BETWEEN.split(inputs.get("DIGESTS", "")) if word]
    if words:
        sections = given.get("digests", {})
        made["digests"] = {word: sections.get(word, {"categories": word.split("+")}) for word in words}
    if inputs.get("BUDGET") == NO_BUDGET:
        made.pop("budget", None)
    if inputs.get("SITE_URL"):
        made.setdefault("site_url", inputs["SITE_URL"])
    return made


def as_toml(document: Mapping[str, Any]) -> str:
    """Return a document as TOML, each of its keys on a line of its own."""
    return "".join(f"{_value(key)} = {_value(value)}\n" for key, value in document.items())


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{_value(key)} = {_value(each)}' for key, each in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, str):
        # A JSON string is a TOML string, but for DEL.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, bool | int | float):
        return str(value).lower()
    return str(value.isoformat())


if __name__ == "__main__":
    main(sys.argv[1:])
