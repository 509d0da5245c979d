"""How the parts of a spreadsheet are parsed: in one pass, by expat, without entities of a file's own."""

from __future__ import annotations

from typing import Final, NoReturn
from xml.parsers import expat

from bulkimport.readers.workbook.grid import TooLargeError, UnreadableError

_NO_MEMORY: Final = expat.errors.codes[expat.errors.XML_ERROR_NO_MEMORY]


def new_parser() -> expat.XMLParserType:
    """Return a parser that gives names as `namespace local`. It raises UnreadableError and ExpatError."""
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.EntityDeclHandler = parser.SkippedEntityHandler = _refuse
    return parser


def refusal(error: Exception) -> Exception:
    """Return what stands for an error of a parser: TooLargeError where it had no memory, else UnreadableError."""
    return TooLargeError() if getattr(error, "code", None) == _NO_MEMORY else UnreadableError()


def _refuse(*_: object) -> NoReturn:
    """Refuse entities of a file's own, which could grow without bounds or be left out in silence."""
    raise UnreadableError
