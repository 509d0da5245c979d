"""How the XML of a spreadsheet is parsed: large parts in one pass by expat, small ones as a tree."""

from __future__ import annotations

from typing import Final, NoReturn
from xml.etree import ElementTree
from xml.parsers import expat

from bulkimport.readers.workbook.grid import TooLargeError, UnreadableError

_NO_MEMORY: Final = expat.errors.codes[expat.errors.XML_ERROR_NO_MEMORY]


def new_parser() -> expat.XMLParserType:
    """Return a parser that gives names as `namespace local` and refuses entities that the file itself defines.

    It raises UnreadableError and ExpatError.
    """
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.EntityDeclHandler = parser.SkippedEntityHandler = _refuse
    return parser


def parse_tree(xml: bytes) -> ElementTree.Element:
    """Return the root of a small part of a spreadsheet. Raises ElementTree.ParseError."""
    return ElementTree.fromstring(xml)  # noqa: S314 - in the child process, whose memory and time are limited


def refusal(error: Exception) -> Exception:
    """Return the error to raise for a parser's error: TooLargeError if it ran out of memory, else UnreadableError."""
    return TooLargeError() if getattr(error, "code", None) == _NO_MEMORY else UnreadableError()


def _refuse(*_: object) -> NoReturn:
    """Raise UnreadableError: an entity could grow without bounds, or be left out without a word."""
    raise UnreadableError
