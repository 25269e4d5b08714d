"""What a page says: its fenced blocks, its links, and the words in it that must exist."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).parents[2]
PAGES = (PROJECT / "README.md", PROJECT / "CHANGELOG.md", *sorted((PROJECT / "docs").rglob("*.md")))


@dataclass(frozen=True)
class Block:
    """One fenced block: its language, its text, and the line where the text begins."""

    language: str
    text: str
    line: int

    @property
    def file(self) -> str | None:
        """The file that the block is, if its first line says so."""
        named = re.match(r"# ((?:dags|include)/\S+\.py)\n", self.text)
        return named[1] if named else None


def name(page: Path) -> str:
    return page.relative_to(PROJECT).as_posix()


def blocks(page: Path, language: str) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    found = re.finditer(r"^```(\w*)\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)
    every = [Block(one[1], one[2], text.count("\n", 0, one.start(2)) + 1) for one in found]
    return [block for block in every if block.language == language]


def prose(page: Path) -> str:
    """The page without its fenced blocks."""
    return re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


def links(page: Path) -> Iterator[tuple[str, str]]:
    """Each link as file and anchor."""
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        file, _, anchor = target.partition("#")
        yield file, anchor


def anchors(page: Path) -> set[str]:
    """The names that a Markdown viewer gives to the page's headings."""
    titles = re.findall(r"^#+ (.+)$", prose(page), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def commands(page: Path) -> Iterator[str]:
    """Every line of the page's shell blocks, whole, and every `everfit ...` and `make ...` in its text."""
    for block in blocks(page, "bash"):
        yield from re.sub(r"\\\n\s*", " ", block.text).splitlines()
    yield from re.findall(r"`((?:\.venv/bin/)?(?:everfit|make) [^`]+)`", prose(page))
