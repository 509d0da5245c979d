"""What the home page shows of imports: the newest, and those that wait for the person."""

from typing import Any, Final

from django.contrib.auth.models import User
from django.db.models import Case, Count, Q, QuerySet, When
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.formats import grouped
from accounts.todos import NAMED, Todo
from bulkimport.models import SEALED, Import, recent_progress

LAST_IMPORTS: Final = 5


def last_imports(user: User) -> QuerySet[Import]:
    """Return the newest imports of the login."""
    return list_imports(user).select_related("customer")[:LAST_IMPORTS]


def list_imports(user: User) -> QuerySet[Import]:
    """Return all imports that the login may see, the newest first, without their secrets."""
    return Import.objects.seen_by(user).defer(*SEALED)


def import_todos(user: User) -> list[Todo]:
    """Return the imports that wait for the login: first those with passwords to save, then interrupted ones, then those
    with rows to correct or accounts to create.
    """
    has_passwords = Q(status=Import.Status.CREATED, batch__sealed__isnull=False, generated__gt=0)
    # Without errors of the file as a whole, most of which cannot be corrected on the page.
    has_errors = Q(status=Import.Status.CHECKED, sealed_file__isnull=False, counts__errors__gt=0)
    has_errors &= Q(counts__file_errors=0)
    is_ready = Q(status=Import.Status.CHECKED, sealed_file__isnull=False, counts__drafts__gt=0)
    is_ready &= Q(counts__errors=0, counts__file_errors=0)
    goes_on = Q(last_progress__range=recent_progress())
    is_interrupted = Q(status=Import.Status.CREATING, sealed_file__isnull=False) & ~goes_on
    generated = Count("accounts", filter=Q(accounts__is_generated=True, accounts__mailbox__isnull=False))
    waiting = (
        list_imports(user)
        .annotate(generated=generated, last_progress=Coalesce("progress_at", "uploaded_at"))
        .filter(has_passwords | has_errors | is_ready | is_interrupted, expires_at__gt=timezone.now())
    )
    urgency = Case(When(status=Import.Status.CREATED, then=0), When(status=Import.Status.CREATING, then=1), default=2)
    most_urgent = list(waiting.order_by(urgency, "-uploaded_at")[: NAMED + 1])
    todos = [_import_todo(import_record) for import_record in most_urgent[:NAMED]]
    if len(most_urgent) > NAMED:
        text, link = _("More imports wait for you."), _("Show the imports")
        todos.append(Todo("info", text, reverse("import_list"), link, waiting.count() - NAMED))
    return todos


def _import_todo(import_record: Any) -> Todo:
    url = import_record.get_absolute_url()
    until = date_format(timezone.localtime(import_record.expires_at), "j E Y, H:i")
    names = {"file": import_record.filename, "time": until}
    if import_record.status == Import.Status.CREATED:
        number = import_record.generated
        text = ngettext(
            "%(count)s password from %(file)s waits to be saved, until %(time)s.",
            "%(count)s passwords from %(file)s wait to be saved, until %(time)s.",
            number,
        )
        return Todo("info", text % {**names, "count": grouped(number)}, url, _("Open the results"))
    if import_record.status == Import.Status.CREATING:
        text = _("The import of %(file)s was interrupted. It can be started again until %(time)s.")
        return Todo("warning", text % names, url, _("Start it again"))
    if number := import_record.counts["drafts"] if not import_record.counts["errors"] else 0:
        text = ngettext(
            "%(count)s account of %(file)s is ready. You can create it until %(time)s.",
            "%(count)s accounts of %(file)s are ready. You can create them until %(time)s.",
            number,
        )
        return Todo("info", text % {**names, "count": grouped(number)}, url, _("Look at the list"))
    number = import_record.counts["errors"]
    text = ngettext(
        "%(count)s row of %(file)s has errors. Correct it until %(time)s.",
        "%(count)s rows of %(file)s have errors. Correct them until %(time)s.",
        number,
    )
    return Todo("error", text % {**names, "count": grouped(number)}, url, _("Correct the list"))
