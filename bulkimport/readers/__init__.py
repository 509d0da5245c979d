"""Readers: the bytes of an upload become rows. They know no models, no database and no settings."""

from typing import Final

from bulkimport.readers import sheet, text
from bulkimport.readers.table import RefusedError, build
from bulkimport.readers.text import ENCODINGS, SEPARATORS
from bulkimport.rows import Dialect, FileRows

__all__ = ["ENCODINGS", "SEPARATORS", "read_file"]

DETECT: Final = Dialect()


def read_file(content: bytes, *, chosen: Dialect = DETECT, max_rows: int) -> FileRows:
    """Return the rows of a file, or what is wrong with it; whatever the bytes are, nothing is raised.

    The kind of file is told by its first bytes, never by its name. `chosen` has what a person has set about it: an
    encoding of ENCODINGS, a separator of SEPARATORS, whether there is a header, the sheet's name, and what each column
    is; None means "work it out", and its format is not looked at. At most `max_rows` rows that are not blank are
    accepted.

    A problem with the whole file has no line. With one of level error `rows` is empty; otherwise
    `rows_read == len(rows) + blank`. The cells of a row are the file's own text, one for each known column that the
    file has; a column that it lacks is absent. Raises ValueError for an encoding or separator that is not offered.
    """
    if chosen.encoding not in (None, *ENCODINGS) or chosen.separator not in (None, *SEPARATORS):
        raise ValueError("an encoding or separator that is not offered")
    try:
        table = sheet.read(content, chosen) if sheet.is_sheet(content) else text.read(content, chosen)
        return build(table, chosen, max_rows=max_rows)
    except RefusedError as refusal:
        return FileRows(refusal.dialect, problems=(refusal.problem,), sheets=refusal.sheets)
