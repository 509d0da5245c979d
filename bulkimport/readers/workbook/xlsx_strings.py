"""The shared texts of an XLSX, and the escapes in all its texts."""

from __future__ import annotations

import re
from typing import Final

from bulkimport.readers.workbook.grid import MAX_CELL, UnreadableError
from bulkimport.readers.workbook.parsing import new_parser

_ESCAPED: Final = re.compile(r"_x([0-9A-Fa-f]{4})_")


def decode_escapes(text: str) -> str | None:
    """Return a text in which codes such as `_x0142_` are replaced by their characters, cut to MAX_CELL characters.

    None if a code stands for half a character. Source: ECMA-376, Part 1, 22.9.2.19.
    """
    if "_x" in text:
        text = _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)
        try:
            text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le")
        except UnicodeDecodeError:
            return None
    return text[:MAX_CELL]


def shared_strings(xml: bytes) -> list[str | None]:
    """Return the shared texts in their order. Raises ExpatError and UnreadableError."""
    reader = _Reader()
    reader.parser.Parse(xml, True)
    return reader.strings


class _Reader:
    """Follows the elements of the shared texts."""

    def __init__(self) -> None:
        self.strings: list[str | None] = []
        self.text: list[str] = []
        self.in_text = False
        self.phonetic = 0  # depth inside an element with the pronunciation of a text
        self.parser = new_parser()
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.CharacterDataHandler = self.data

    def start(self, name: str, _attributes: dict[str, str]) -> None:
        if self.in_text:
            raise UnreadableError
        local = name.rpartition(" ")[2]
        if local == "rPh" or self.phonetic:
            self.phonetic += 1
        elif local == "si":
            self.text = []
        elif local == "t":
            self.in_text = True

    def end(self, name: str) -> None:
        self.in_text = False
        if self.phonetic:
            self.phonetic -= 1
        elif name.rpartition(" ")[2] == "si":
            self.strings.append(decode_escapes("".join(self.text)))

    def data(self, text: str) -> None:
        if self.in_text:
            self.text.append(text)
