"""xlrd's workbook, limited to the records of an XLS file that a list needs. Formulas without a result become #N/A."""

from __future__ import annotations

from typing import Final, TextIO

from xlrd import biffh, book
from xlrd.sheet import Cell, Sheet

from bulkimport.readers.workbook.grid import EncryptedError, UnreadableError

_EXCEL_5: Final = 50  # xlrd's numbers for versions of the format
_EXCEL_97: Final = 80
_POLISH: Final = 1250  # the code page that is assumed for files that do not state theirs
_UTF_16: Final = 1200  # gnumeric states this code page in Excel 95 files, although their letters are single bytes
_RECALC_ID: Final = 0x01C1
_ALWAYS_CALC: Final = 1  # flags of a formula
_CALC_ON_LOAD: Final = 2
_NO_VALUE: Final = b"\x02\0\x2a\0\0\0\xff\xff"  # as the result of a formula: the error #N/A
# The result 4 with a flag to calculate at opening: the library jxl writes this for every formula.
_JXL: Final = b"\0\0\0\0\0\0\x10\x40\x02\0\0\0\xe0\xfc"

_STRINGS: Final = (biffh.XL_STRING, biffh.XL_STRING_B2)
# All records that a list needs. xlrd fails at some links, comments and names, which must not make a list unreadable.
_NEEDED: Final = frozenset(
    {
        *(biffh.XL_BOUNDSHEET, biffh.XL_CODEPAGE, biffh.XL_DATEMODE, biffh.XL_FILEPASS, biffh.XL_FORMAT),
        *(biffh.XL_SST, biffh.XL_XF, biffh.XL_CONTINUE, biffh.XL_EOF, *biffh.bofcodes, _RECALC_ID),
        *(biffh.XL_BOOLERR, biffh.XL_LABEL, biffh.XL_LABELSST, biffh.XL_MULRK, biffh.XL_NUMBER, biffh.XL_RK),
        *(biffh.XL_RSTRING, *biffh.XL_FORMULA_OPCODES, *_STRINGS),
        *(biffh.XL_DEFAULTROWHEIGHT, biffh.XL_MERGEDCELLS, biffh.XL_ROW),
    }
)


class Workbook(book.Book):
    """An opened XLS file, whose sheets are loaded one by one with `get_sheet`.

    Raises EncryptedError, UnreadableError and any error that xlrd's parsing causes.
    """

    base: int
    mem: bytes  # set by biff2_8_load
    stream_len: int
    _position: int
    _sheet_list: list[Sheet | None]
    _sheet_names: list[str]

    def __init__(self, content: bytes, log: TextIO) -> None:
        super().__init__()
        self._is_calculated = False
        # "Corruption" is a sector that belongs to two streams. Some programs write such files, and others open them.
        self.biff2_8_load(file_contents=content, logfile=log, ragged_rows=True, ignore_workbook_corruption=True)
        self.mem = self.mem[self.base : self.base + self.stream_len]  # so that no record continues in another stream
        self.base = self._position = 0
        self.biff_version = self.getbof(biffh.XL_WORKBOOK_GLOBALS) or 0
        if self.biff_version < _EXCEL_5:
            raise UnreadableError
        self.parse_globals()
        self.sheet_count = len(self._sheet_names)
        self._sheet_list = [None] * self.sheet_count
        # Set only now: with it, parse_globals would also read fonts and borders, which takes long.
        self.formatting_info = True

    def format_code(self, cell: Cell) -> str:
        """Return the number format of a cell, empty if xlrd does not know it, such as those of some Asian dates."""
        assert cell.xf_index is not None  # noqa: S101 - set because of formatting_info
        return self.format_map[self.xf_list[cell.xf_index].format_key].format_str or ""

    def handle_filepass(self, _data: bytes) -> None:
        raise EncryptedError

    def derive_encoding(self) -> str:
        if self.codepage in (None, _UTF_16) and self.biff_version < _EXCEL_97:
            self.codepage = _POLISH
        return super().derive_encoding()

    def get_record_parts(self) -> tuple[int, int, bytes]:
        """Return code, length and content of the next record that is needed; a formula without a result has #N/A."""
        code, length, data = self._next_needed()
        if code == _RECALC_ID:
            self._is_calculated = any(data[4:8])
        if code in biffh.XL_FORMULA_OPCODES and not self._has_value(data):
            data = data[:6] + _NO_VALUE + data[14:]
        return code, length, data

    def _next_needed(self) -> tuple[int, int, bytes]:
        while True:
            record = super().get_record_parts()
            if record[0] in _NEEDED:
                return record

    def _has_value(self, formula: bytes) -> bool:
        """Tell whether a program has calculated a formula.

        Libraries that cannot calculate write 0 or an empty text as the result of every formula. Real results of that
        kind differ in three ways. Flags of the formula do not ask for a calculation at opening. The workbook has the
        record RECALCID, which says what program has calculated it. Or, since Excel wrote no RECALCID before 2000, four
        bytes of the formula are not zero. gnumeric does none of these, but writes no empty text of this kind.
        """
        result, flags, rest = formula[6:14], formula[14], formula[16:20]
        if result[6:] != b"\xff\xff":  # a number
            asks = _CALC_ON_LOAD if self._is_calculated else _CALC_ON_LOAD | _ALWAYS_CALC
            return formula[6:20] != _JXL and not (result == bytes(8) and flags & asks)
        if result[0] == 3:  # an empty text
            return self._is_calculated or any(rest)
        return result[0] != 0 or self._is_string_next()

    def _is_string_next(self) -> bool:
        position = self._position
        code, _, _ = self._next_needed()
        self._position = position
        return code in _STRINGS
