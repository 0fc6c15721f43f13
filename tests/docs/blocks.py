"""The blocks of a page, as its readers see them."""

import dataclasses
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"(?:^<!-- not run: (?P<why>.+) -->\n)?^(?P<indent> *)```(?P<kind>\w+)\n(?P<text>.*?)^ *```$", re.M | re.S)


@dataclasses.dataclass
class Block:
    kind: str
    text: str
    line: int
    # Why it is not run, from a comment before it: `<!-- not run: … -->`.
    why: str | None


def pages():
    return [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(page):
    text = page.read_text()
    for found in BLOCK.finditer(text):
        lines = found["text"].splitlines()
        plain = "\n".join(line.removeprefix(found["indent"]) for line in lines) + "\n"
        yield Block(found["kind"], plain, text[: found.start("kind")].count("\n") + 1, found["why"])
