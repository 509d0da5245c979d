"""What the upload page and the check page send."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from django import forms
from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from accounts.submissions import new_token
from accounts.validators import parse_quota_mb, trimmed
from bulkimport.checked_rows import stamp
from bulkimport.models import Import
from bulkimport.readers.book import MAX_CELL
from bulkimport.rows import ROW_FIELDS, Field, FileRows
from bulkimport.services.reading import Corrections
from bulkimport.services.uploading import file_too_large

# The name of a cell's input: its row and column, such as 14-email, or 2-14-email in the second sheet.
CELL_NAME: Final = re.compile(rf"((?:[0-9]{{1,2}}-)?[0-9]{{1,9}})-({'|'.join(ROW_FIELDS)})")


class UploadForm(forms.Form):
    """The file, the default quota, and for staff the customer it is for.

    An invalid default quota does not reject the upload, since the person would have to choose the file again. It is
    stored as typed, and the import's page shows the problem with those of the rows.
    """

    token = forms.CharField(required=False, widget=forms.HiddenInput)
    file = forms.FileField(
        label=_("File with the list of accounts"),
        error_messages={"required": _("Choose a file first."), "empty": _("This file is empty. Choose another one.")},
    )
    default_quota_mb = forms.CharField(
        required=False,
        max_length=50,
        label=_("Quota of each account, if the file does not give it"),
        error_messages={"max_length": _("Write a whole number of MB, such as 500.")},
    )

    def __init__(self, *args: Any, user: User, content_length: int = 0, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.content_length = content_length
        self.initial["token"] = new_token()
        if user.is_staff:
            customers = User.objects.filter(domains__isnull=False, is_active=True).distinct().order_by("username")
            self.fields["customer"] = forms.ModelChoiceField(
                queryset=customers, required=False, label=_("Customer"), empty_label=_("All domains")
            )

    def clean_file(self) -> UploadedFile[Any]:
        file: UploadedFile[Any] = self.cleaned_data["file"]
        if (file.size or 0) > settings.MAX_UPLOAD_MB * 1024 * 1024:
            raise _too_large()
        return file

    def clean(self) -> None:
        """Report a file that was too large to be received, and then an invalid default quota too."""
        if "file" not in self.cleaned_data:
            if self.content_length > settings.FILE_UPLOAD_MAX_MEMORY_SIZE:
                self.errors.pop("file", None)
                self.add_error("file", _too_large())
            try:
                if trimmed(self.cleaned_data.get("default_quota_mb", "")):
                    parse_quota_mb(self.cleaned_data["default_quota_mb"])
            except ValidationError as error:
                self.add_error("default_quota_mb", error)


@dataclass(frozen=True, slots=True)
class SentCheckPage:
    """What a person has typed on the check page.

    version: that of the import when the page was shown. is_current: whether it still is. cells: the changed cells, by
    the key of their row. default_quota: None where it was not changed.
    """

    version: str
    is_current: bool
    cells: Mapping[str, Mapping[Field, str]] = field(repr=False)
    default_quota: str | None

    @classmethod
    def from_post(cls, data: QueryDict, import_record: Import) -> SentCheckPage:
        version, quota = data.get("version", ""), data.get("default_quota_mb")
        is_current = version == str(import_record.version)
        return cls(
            version=version,
            is_current=is_current,
            cells=_changed_cells(data, is_current=is_current),
            default_quota=None if quota == data.get("default_quota_mb-was") else quota,
        )

    def corrections(self, file: FileRows) -> Corrections:
        """Return the changed cells by their places in a file. Rows that it does not have are left out."""
        return {place: cells for key, cells in self.cells.items() if (place := file.place(key))}


def _changed_cells(data: QueryDict, *, is_current: bool) -> dict[str, dict[Field, str]]:
    """Return the cells that differ from what the page showed, by the key of their row.

    So an old page does not undo corrections that were made since in another tab. Of a row that the person confirms as
    right although the reader was not sure of it, all cells are returned, but only from a current page.
    """
    cells: dict[str, dict[Field, str]] = {}
    for name, value in data.items():
        if not (cell := CELL_NAME.fullmatch(name)):
            continue
        text = str(value)[:MAX_CELL]  # longer texts are invalid in every column and have the same problem
        if stamp(text) != data.get(f"{name}-was") or (is_current and f"{cell[1]}-right" in data):
            cells.setdefault(cell[1], {})[Field(cell[2])] = text
    return cells


def _too_large() -> ValidationError:
    problem = file_too_large()
    return ValidationError(problem.message, code=problem.code)
