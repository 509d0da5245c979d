"""The forms of the import pages."""

from __future__ import annotations

import re
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
from bulkimport.readers.book import MAX_CELL
from bulkimport.rows import ROW_FIELDS, Field
from bulkimport.services.checking import file_too_large

# The name of an input that holds a cell: its row and its column, such as 14-email, or 2-14-email in the second sheet.
CELL_NAME: Final = re.compile(rf"((?:[0-9]{{1,2}}-)?[0-9]{{1,9}})-({'|'.join(ROW_FIELDS)})")


class UploadForm(forms.Form):
    """The file, the default quota, and for staff the customer it is for.

    A faulty default quota does not refuse the file: a browser would drop the file from the page. The import keeps
    what was typed, and its page shows the problem beside those of the rows.
    """

    token = forms.CharField(required=False, widget=forms.HiddenInput)
    customer = forms.ModelChoiceField(
        queryset=User.objects.none(), required=False, label=_("Customer"), empty_label=_("All domains")
    )
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
            self.fields["customer"].queryset = customers  # type: ignore[attr-defined]
        else:
            del self.fields["customer"]

    def clean_file(self) -> UploadedFile[Any]:
        file: UploadedFile[Any] = self.cleaned_data["file"]
        if (file.size or 0) > settings.MAX_UPLOAD_MB * 1024 * 1024:
            raise _too_large()
        return file

    def clean(self) -> None:
        """Name a file that was too large to be read at all, and with it what else is wrong."""
        if "file" not in self.cleaned_data:
            if self.content_length > settings.FILE_UPLOAD_MAX_MEMORY_SIZE:
                self.errors.pop("file", None)
                self.add_error("file", _too_large())
            try:
                if trimmed(self.cleaned_data.get("default_quota_mb", "")):
                    parse_quota_mb(self.cleaned_data["default_quota_mb"])
            except ValidationError as error:
                self.add_error("default_quota_mb", error)


def corrections_in(data: QueryDict, *, with_confirmed: bool) -> dict[str, dict[Field, str]]:
    """Return by row the cells that a person has changed on a page: those that differ from what that page showed.

    So a page that is older than the import takes nothing back that was corrected meanwhile. A row whose cells are
    confirmed as right (which the reader was not sure of) comes whole, if the page is not older (`with_confirmed`).
    """
    corrections: dict[str, dict[Field, str]] = {}
    for name, value in data.items():
        if not (cell := CELL_NAME.fullmatch(name)):
            continue
        text = str(value)[:MAX_CELL]  # more is wrong in any column, and its problem is the same
        if stamp(text) != data.get(f"{name}-was") or (with_confirmed and f"{cell[1]}-right" in data):
            corrections.setdefault(cell[1], {})[Field(cell[2])] = text
    return corrections


def changed_quota(data: QueryDict) -> str | None:
    """Return the default quota that a person has typed on a page, None where the page did not change it."""
    quota = data.get("default_quota_mb")
    return None if quota == data.get("default_quota_mb-was") else quota


def _too_large() -> ValidationError:
    problem = file_too_large()
    return ValidationError(problem.message, code=problem.code)
