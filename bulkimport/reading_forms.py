"""What a person chooses about how a list is read: the columns of a sheet, and which sheets are read."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace
from itertools import takewhile
from typing import Any, Final

from django import forms
from django.http import QueryDict

from bulkimport.readers.book import MAX_COLUMNS
from bulkimport.reading_page import alike_sheets, columns_as_text, is_text
from bulkimport.rows import ENCODING_NAMES, SEPARATOR_NAMES, Field, FileRows, Reading, SheetChoice, SheetSummary

_FIELDS: Final = {str(field): field for field in Field}
_LINE: Final = re.compile(r"[0-9]{1,9}")
_AS_DETECTED: Final = SheetChoice()


class ReadingForm(forms.Form):
    """How one sheet, or a text file, is to be read. An empty choice means "detect it".

    The fields column-0, column-1 and so on say what each column holds. columns-was and header_row-was say what the page
    showed. Only choices that differ from that are stored, since another tab may have changed the others meanwhile.
    """

    encoding = forms.ChoiceField(required=False, choices=[("", ""), *ENCODING_NAMES.items()])
    separator = forms.ChoiceField(required=False, choices=[("", ""), *SEPARATOR_NAMES.items()])

    def __init__(self, *args: Any, file: FileRows, sheet: SheetSummary | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.file = file
        self.sheet = sheet

    def reading(self, before: Reading, *, domains: Collection[str], confirms: bool) -> Reading:
        """Return the reading after this form, which must be valid. before: the reading until now.

        domains: the names that may be chosen as the domain of e-mails without one. confirms: whether unchanged columns
        count as chosen, too.
        """
        reading = before
        if is_text(self.file):
            encoding, separator = self.cleaned_data["encoding"] or None, self.cleaned_data["separator"] or None
            reading = replace(before, encoding=encoding, separator=separator)
        if self.sheet is None:
            return reading
        before_here = before.sheets.get(self.sheet.name, _AS_DETECTED)
        is_split_anew = reading.separator != before.separator
        choice = replace(
            before_here,
            header_line=None if is_split_anew else self._header_line(before_here, self.sheet),
            domain=self._domain(before_here, domains),
            taken_back=self._taken_back(before_here, self.sheet),
        )
        if self.sheet.is_read and choice.header_line != before_here.header_line:
            # The sheet may have been read only because of its column names, which are in another line now.
            choice = replace(choice, is_read=True)
        is_read_anew = (reading.encoding, choice.header_line) != (before.encoding, before_here.header_line)
        chosen = None if is_split_anew else self._chosen_columns(self.sheet, confirms=confirms and not is_read_anew)
        if chosen is None:
            columns = None if is_split_anew or is_read_anew else before_here.columns
            return replace(reading, sheets={**before.sheets, self.sheet.name: replace(choice, columns=columns)})
        sheets = dict(before.sheets)
        for other in alike_sheets(self.file, self.sheet):
            sheets[other.name] = replace(sheets.get(other.name, _AS_DETECTED), columns=chosen)
        if not self.sheet.is_read:
            # Once a sheet is chosen, sheets that were read only for lack of a better one would no longer be read. So
            # they are chosen, too.
            read = [sheet.name for sheet in self.file.sheets if sheet.is_read]
            sheets |= {name: replace(sheets.get(name, _AS_DETECTED), is_read=True) for name in read}
            choice = replace(choice, is_read=True)
        return replace(reading, sheets={**sheets, self.sheet.name: replace(choice, columns=chosen)})

    def _chosen_columns(self, sheet: SheetSummary, *, confirms: bool) -> tuple[Field | None, ...] | None:
        """Return the columns if the person changed or confirmed them, else None.

        A sheet that is not read is confirmed only with a column of addresses, so that just looking at it does not make
        it read.
        """
        columns = self._columns()
        shown = self._posted("columns-was")
        is_touched = bool(columns) and columns_as_text(columns) != shown
        present = [column.field for column in sheet.columns]
        if is_touched and columns_as_text(present) != shown and len(present) == len(columns) == len(shown.split(",")):
            pairs = zip(columns, shown.split(","), present, strict=True)
            # Another tab has changed columns since: those that were not touched here stay as they are now.
            columns = tuple(now if (sent or "") == was else sent for sent, was, now in pairs)
        is_confirmed = confirms and bool(columns) and (sheet.is_read or Field.EMAIL in columns)
        return columns if is_touched or is_confirmed else None

    def _columns(self) -> tuple[Field | None, ...]:
        """Return what each column was set to. Invalid values mean "not used"."""
        names = (f"column-{index}" for index in range(MAX_COLUMNS))
        values = [str(self.data[name]) for name in takewhile(self.data.__contains__, names)]
        return tuple(_FIELDS.get(value) for value in values)

    def _header_line(self, choice: SheetChoice, sheet: SheetSummary) -> int | None:
        """Return the chosen header line: 0 for none; as before where the person has not changed it."""
        line, shown = self._posted("header_row"), self._posted("header_row-was")
        names = self._posted("names")
        if names == "none" and shown:
            return 0
        if line != shown and line in {str(other.line) for other in sheet.preview}:
            return int(line)
        if names == "row" and not shown:
            return None
        return choice.header_line

    def _domain(self, choice: SheetChoice, domains: Collection[str]) -> str:
        domain = str(self.data.get("domain", choice.domain))
        return domain if domain == "" or domain in domains else choice.domain

    def _taken_back(self, choice: SheetChoice, sheet: SheetSummary) -> frozenset[int]:
        """Return the lines that count as accounts although they do not look like it, after a press of their buttons."""
        added, removed = self._posted("take_back"), self._posted("leave_out_again")
        lines = choice.taken_back
        if _LINE.fullmatch(added) and int(added) in sheet.left_out:
            lines |= {int(added)}
        return lines - {int(removed)} if _LINE.fullmatch(removed) else lines

    def _posted(self, name: str) -> str:
        return str(self.data.get(name, ""))


def has_changed_ticks(data: QueryDict) -> bool:
    """Tell whether a person has changed the ticks of sheets on a page."""
    return "sheets-was" in data and set(data.getlist("sheet")) != _shown_ticks(data)


def apply_ticks(before: Reading, file: FileRows, data: QueryDict) -> Reading:
    """Return a reading of exactly the ticked sheets; unchanged for a text file, which has no ticks.

    Ticks that the person has not changed stay as they are now, since another tab may have changed them meanwhile.
    """
    if is_text(file):
        return before
    numbers, shown = set(data.getlist("sheet")), _shown_ticks(data)
    if "sheets-was" in data:
        present = {str(sheet.number) for sheet in file.sheets if sheet.is_read}
        numbers = (present - (shown - numbers)) | (numbers - shown)
    ticks = {sheet.name: str(sheet.number) in numbers for sheet in file.sheets}
    ticked = {name: replace(before.sheets.get(name, _AS_DETECTED), is_read=is_read) for name, is_read in ticks.items()}
    return replace(before, sheets={**before.sheets, **ticked})


def _shown_ticks(data: QueryDict) -> set[str]:
    """Return the numbers of the sheets that the page showed as ticked."""
    return set(filter(None, str(data.get("sheets-was", "")).split(",")))
