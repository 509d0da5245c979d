"""The forms of the import pages."""

from __future__ import annotations

import re
import uuid
from typing import Any, Final

from django import forms
from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.validators import parse_quota_mb, trimmed
from bulkimport.rows import Dialect, Field, FileRows

# The name of an input that holds a cell: its line and its column, such as 14-email.
CELL_NAME: Final = re.compile(rf"([0-9]{{1,9}})-({'|'.join(Field)})")


class UploadForm(forms.Form):
    """The file, the default quota, and for staff the customer it is for. `import_id` makes a double click harmless.

    A faulty default quota does not refuse the file: a browser would drop the file from the page. The import keeps
    what was typed, and its page shows the problem beside those of the rows.
    """

    import_id = forms.CharField(widget=forms.HiddenInput, required=False)
    customer = forms.ModelChoiceField(
        queryset=User.objects.none(), required=False, label=_("Customer"), empty_label=_("All domains")
    )
    file = forms.FileField(
        label=_("File with the list of accounts"),
        error_messages={"required": _("Choose a file first."), "empty": _("This file is empty. Choose another one.")},
    )
    default_quota_mb = forms.CharField(
        required=False, max_length=50, label=_("Quota of each account, if the file does not give it")
    )

    def __init__(self, *args: Any, user: User, content_length: int = 0, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.content_length = content_length
        self.initial["import_id"] = uuid.uuid4()
        if user.is_staff:
            customers = User.objects.filter(domains__isnull=False, is_active=True).distinct().order_by("username")
            self.fields["customer"].queryset = customers  # type: ignore[attr-defined]
        else:
            del self.fields["customer"]

    def clean_import_id(self) -> uuid.UUID | None:
        """Take the id that the page was given; anything else is as good as none."""
        try:
            return uuid.UUID(self.cleaned_data["import_id"])
        except ValueError:
            return None

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


class ReadingForm(forms.Form):
    """How a file is to be read. An empty choice stands for "work it out"."""

    encoding = forms.ChoiceField(
        required=False,
        label=_("Encoding"),
        choices=[
            ("", _("Work it out")),
            ("utf-8", "UTF-8"),
            ("cp1250", "Windows-1250"),
            ("iso-8859-2", "ISO-8859-2"),
            ("cp852", "CP852"),
            ("utf-16", "UTF-16"),
        ],
    )
    separator = forms.ChoiceField(
        required=False,
        label=_("Separator"),
        choices=[
            ("", _("Work it out")),
            (";", pgettext_lazy("separator", "Semicolon")),
            (",", pgettext_lazy("separator", "Comma")),
            ("\t", pgettext_lazy("separator", "Tab")),
        ],
    )
    header = forms.ChoiceField(
        required=False,
        label=_("First row"),
        choices=[("", _("Work it out")), ("yes", _("Names the columns")), ("no", _("Is an account"))],
    )

    @classmethod
    def of(cls, chosen: Dialect, *, is_text: bool) -> ReadingForm:
        """Return the form that shows what a person has chosen; a spreadsheet has no encoding and no separator."""
        header = {None: "", True: "yes", False: "no"}[chosen.has_header]
        form = cls(initial={"encoding": chosen.encoding, "separator": chosen.separator, "header": header})
        if not is_text:
            del form.fields["encoding"], form.fields["separator"]
        return form

    @property
    def dialect(self) -> Dialect:
        """What was chosen, once the form is valid."""
        return Dialect(
            encoding=self.cleaned_data["encoding"] or None,
            separator=self.cleaned_data["separator"] or None,
            has_header={"": None, "yes": True, "no": False}[self.cleaned_data["header"]],
        )


def corrections_in(data: QueryDict, file: FileRows) -> dict[int, dict[Field, str]]:
    """Return by line the cells of a posted page that differ from the rows as they stand.

    A row that the reader could not take apart comes back whole, since with that a person has settled its cells.
    """
    posted: dict[int, dict[Field, str]] = {}
    for name, text in data.items():
        if (cell := CELL_NAME.fullmatch(name)) and isinstance(text, str):
            posted.setdefault(int(cell[1]), {})[Field(cell[2])] = text
    corrections = {}
    for row in file.rows:
        cells = posted.get(row.line, {})
        changed = cells if row.problems else {f: text for f, text in cells.items() if text != row.cells.get(f, "")}
        if changed:
            corrections[row.line] = changed
    return corrections


def _too_large() -> ValidationError:
    message = _("This file is larger than %(limit)s MB. Split it, or save only the list itself.")
    return ValidationError(message, code="file_too_large", params={"limit": settings.MAX_UPLOAD_MB})
