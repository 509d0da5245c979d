"""The forms of the import pages."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable
from dataclasses import replace
from itertools import takewhile
from typing import Any, Final

from django import forms
from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from accounts.filter_forms import FilterForm
from accounts.forms import KeptForm
from accounts.models import Mailbox
from accounts.validators import as_stored, parse_quota_mb, trimmed
from bulkimport.checked_rows import stamp
from bulkimport.models import Handout, HandoutQuerySet
from bulkimport.readers.header import MAX_COLUMNS
from bulkimport.readers.table import MAX_CELL
from bulkimport.rows import ENCODING_NAMES, SEPARATOR_NAMES, Dialect, Field, FileRows
from bulkimport.services.checking import file_too_large

# The name of an input that holds a cell: its line and its column, such as 14-email.
_FIELDS: Final = {str(field): field for field in Field}
CELL_NAME: Final = re.compile(rf"([0-9]{{1,9}})-({'|'.join(Field)})")


class LinkFilterForm(FilterForm):
    """What to look for in the list of one-time links."""

    q = forms.CharField(required=False, label=_("Address"), widget=forms.SearchInput)
    states = [
        ("", _("Any")),
        ("waiting", _("Not opened yet")),
        ("opened", _("Opened")),
        ("ended", _("No longer valid")),
    ]

    def links(self) -> HandoutQuerySet:
        """Return the links that are looked for of the login's mailboxes, the newest first."""
        mailboxes = self._apply(Mailbox.objects.all())
        links = Handout.objects.filter(mailbox__in=mailboxes).select_related("mailbox").order_by("-pk")
        return links.in_state(self.cleaned_data.get("state", ""))

    def _matching(self, found: Any, text: str) -> Any:  # a forward shows in no row of this list
        return found.filter(address__contains=as_stored(text))

    def _in_state(self, found: Any, state: str) -> Any:  # noqa: ARG002 - it is the link's, not the mailbox's
        return found


class UploadForm(KeptForm, forms.Form):
    """The file, the default quota, and for staff the customer it is for. `import_id` makes a double click harmless.

    A faulty default quota does not refuse the file: a browser would drop the file from the page. The import keeps
    what was typed, and its page shows the problem beside those of the rows.
    """

    import_id = forms.Field(widget=forms.HiddenInput, required=False)
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
        self.initial["import_id"] = uuid.uuid4()
        if user.is_staff:
            customers = User.objects.filter(domains__isnull=False, is_active=True).distinct().order_by("username")
            self.fields["customer"].queryset = customers  # type: ignore[attr-defined]
        else:
            del self.fields["customer"]

    def clean_import_id(self) -> uuid.UUID | None:
        """Take the id that the page was given; anything else is as good as none."""
        try:
            return uuid.UUID(str(self.cleaned_data["import_id"]))
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
    """How a file is to be read. An empty choice stands for "work it out".

    What each column is comes as column-0, column-1 and so on; `columns_shown` is what the page showed of it.
    """

    encoding = forms.ChoiceField(
        required=False,
        label=_("Encoding"),
        choices=[
            ("", _("Detect automatically")),
            *((code, name) for code, name in ENCODING_NAMES.items() if code != "utf-8-sig"),  # the same to a person
        ],
    )
    separator = forms.ChoiceField(
        required=False,
        label=_("Separator"),
        choices=[
            ("", _("Detect automatically")),
            *((separator, capfirst(name)) for separator, name in SEPARATOR_NAMES.items()),
        ],
    )
    header = forms.ChoiceField(
        required=False,
        label=_("First row"),
        choices=[("", _("Detect automatically")), ("yes", _("Names the columns")), ("no", _("Is an account"))],
    )

    sheet = forms.CharField(
        required=False, strip=False, max_length=1000, label=_("Sheet")
    )  # its name may begin or end with a blank
    columns_shown = forms.CharField(required=False, widget=forms.HiddenInput)

    @classmethod
    def of(cls, chosen: Dialect, file: FileRows) -> ReadingForm:
        """Return the form that shows what a person has chosen. Text has no sheet; a sheet no encoding or separator."""
        header = {None: "", True: "yes", False: "no"}[chosen.has_header]
        form = cls(
            initial={
                "encoding": chosen.encoding,
                "separator": chosen.separator,
                "header": header,
                "sheet": chosen.sheet,
                "columns_shown": _as_text((*file.columns, *[None] * len(file.found))[: len(file.found)]),
            }
        )
        if file.dialect.format in (None, "csv"):
            del form.fields["sheet"]
        else:
            del form.fields["encoding"], form.fields["separator"]
            names = [("", _("Detect automatically")), *((name, name) for name in file.sheets)]
            form.fields["sheet"] = forms.ChoiceField(label=_("Sheet"), choices=names)
        return form

    def dialect(self, before: Dialect) -> Dialect:
        """Return what was chosen, once the form is valid; `before` is what had been chosen until then.

        Columns that nobody touched stay as they were; another separator or sheet makes other columns.
        """
        chosen = Dialect(
            encoding=self.cleaned_data["encoding"] or None,
            separator=self.cleaned_data["separator"] or None,
            has_header={"": None, "yes": True, "no": False}[self.cleaned_data["header"]],
            sheet=self.cleaned_data["sheet"] or None,
        )
        if (chosen.separator, chosen.sheet) != (before.separator, before.sheet):
            return chosen
        columns = self._columns()
        is_touched = bool(columns) and _as_text(columns) != self.cleaned_data["columns_shown"]
        return replace(chosen, columns=columns if is_touched else before.columns)

    def _columns(self) -> tuple[Field | None, ...]:
        """Return what each column was set to; anything that is not offered stands for "not used"."""
        names = (f"column-{index}" for index in range(MAX_COLUMNS))
        values = [str(self.data[name]) for name in takewhile(self.data.__contains__, names)]
        return tuple(_FIELDS.get(value) for value in values)


def _as_text(columns: Iterable[Field | None]) -> str:
    return ",".join(column or "" for column in columns)


def corrections_in(data: QueryDict, *, with_confirmed: bool) -> dict[int, dict[Field, str]]:
    """Return by line the cells that a person has changed on a page: those that differ from what that page showed.

    So a page that is older than the import takes nothing back that was corrected meanwhile. A row whose cells are
    confirmed as right (which the reader was not sure of) comes whole, if the page is not older (`with_confirmed`).
    """
    corrections: dict[int, dict[Field, str]] = {}
    for name, value in data.items():
        if not (cell := CELL_NAME.fullmatch(name)):
            continue
        text = str(value)[:MAX_CELL]  # more is wrong in any column, and its problem is the same
        if stamp(text) != data.get(f"{name}-was") or (with_confirmed and f"{cell[1]}-right" in data):
            corrections.setdefault(int(cell[1]), {})[Field(cell[2])] = text
    return corrections


def changed_quota(data: QueryDict) -> str | None:
    """Return the default quota that a person has typed on a page, None where the page did not change it."""
    quota = data.get("default_quota_mb")
    return None if quota == data.get("default_quota_mb-was") else quota


def lines_in(text: str) -> tuple[int, ...]:
    """Return the lines that a page has named, from `14,87,203`."""
    return tuple(int(line) for line in text.split(",") if line.isdecimal() and len(line) < 10)


def _too_large() -> ValidationError:
    problem = file_too_large()
    return ValidationError(problem.message, code=problem.code)
