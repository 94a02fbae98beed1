"""Draws docs/images/run.svg: a real run in a terminal of 80 columns; `make record` calls it.

The run writes to a terminal of its own, what it wrote is replayed in an emulator, and its screen is
drawn as it stood at the end. The picture loads nothing, its fonts are those of whoever looks at it.
"""

import shutil
import sys
import tempfile
from io import StringIO
from itertools import groupby
from pathlib import Path

import pyte
from pyte.screens import Char
from rich.console import Console
from rich.style import Style
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from support import PRUNER
from terminal import Terminal

HERE = Path(__file__).parent
PICTURE = HERE.parent / "docs/images/run.svg"
COMMAND = ("lock", "--image", "weather", "--runtime", "local")
COLUMNS, ROWS = 80, 200
LARGEST = 60_000
"""Bytes; GitHub shows the picture in the middle of a page."""

DARK = TerminalTheme(
    (22, 27, 34),
    (230, 237, 243),
    [
        (72, 79, 88),
        (255, 123, 114),
        (126, 231, 135),
        (227, 179, 65),
        (121, 192, 255),
        (210, 168, 255),
        (118, 227, 234),
        (201, 209, 217),
    ],
    [(150, 158, 168), *[(255, 255, 255)] * 7],
)
"""Every colour but black has a contrast of 4.5 and more to the ground."""

FAINT, BRIGHT_BLACK = 2, 90

# As rich's own, but for the fonts, which it fetches.
FORMAT = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{
    font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
    font-size: {char_height}px;
    line-height: {line_height}px;
    font-variant-east-asian: full-width;
}}
.{unique_id}-title {{ font-size: 18px; font-weight: bold; font-family: sans-serif; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
  <rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


class Screen(pyte.Screen):
    """A screen that knows faint text, which pyte leaves out, as grey."""

    def select_graphic_rendition(self, *attrs: int, **more: bool) -> None:
        """Set how the characters that follow look."""
        known = (BRIGHT_BLACK if item == FAINT else item for item in attrs)
        super().select_graphic_rendition(*known, **more)


def ran(root: Path) -> bytes:
    """Run the command in a copy of the project; return what it wrote to its terminal."""
    folder = root / "weather"
    shutil.copytree(HERE / "recorded", folder)
    with Terminal([str(PRUNER), *COMMAND], folder, columns=COLUMNS, rows=ROWS) as terminal:
        code = terminal.finish()
        if code != 0:
            sys.exit(f"the run ended with {code}:\n{terminal.text}")
        return terminal.raw


def replayed(raw: bytes) -> list[Text]:
    """Return the lines of the screen that all of it leaves."""
    screen = Screen(COLUMNS, ROWS)
    pyte.ByteStream(screen).feed(raw)
    lines = [line_of(screen, row) for row in range(ROWS)]
    while lines and not lines[-1].plain:
        lines.pop()
    return lines


def line_of(screen: Screen, row: int) -> Text:
    """Return a line of a screen with its colours."""
    text = Text()
    cells = [screen.buffer[row][column] for column in range(COLUMNS)]
    for style, alike in groupby(cells, style_of):
        text.append("".join(cell.data for cell in alike), style)
    text.rstrip()
    return text


def style_of(cell: Char) -> Style:
    """Return how a character looks."""
    return Style(color=colour(cell.fg), bold=cell.bold, italic=cell.italics)


def colour(name: str) -> str | None:
    """Return rich's name for a colour of pyte's."""
    known = {"default": None, "brown": "yellow", "brightblack": "bright_black"}
    return known.get(name, name)


def drawn(lines: list[Text]) -> str:
    """Return the lines as a picture."""
    console = Console(
        record=True, width=COLUMNS, file=StringIO(), force_terminal=True, color_system="standard"
    )
    console.print(Text.assemble(("$ ", "bold green"), (f"pruner {' '.join(COMMAND)}", "bold")))
    for line in lines:
        console.print(line, no_wrap=True, crop=True)
    return console.export_svg(
        title="pruner", theme=DARK, code_format=FORMAT, unique_id="run", font_aspect_ratio=0.61
    )


def main() -> None:
    """Run, draw, and write the picture, or say why it cannot be."""
    with tempfile.TemporaryDirectory(prefix="pruner-record-") as folder:
        picture = drawn(replayed(ran(Path(folder))))
    text = "\n".join(line.rstrip() for line in picture.splitlines() if line.strip()) + "\n"
    if len(text.encode()) > LARGEST:
        sys.exit(f"the picture has {len(text.encode())} bytes, and {LARGEST} is the most")
    PICTURE.write_text(text, encoding="utf-8")
    print(f"{PICTURE.relative_to(HERE.parent)}: {len(text.encode())} bytes")


if __name__ == "__main__":
    main()
