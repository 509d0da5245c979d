"""A form that is sent twice does its work once: by two presses of a button, or by a page that is loaded again.

A page puts a token into its form. The token is written down in the transaction that does the work, together with where
the browser is led then; the same form again leads there and does nothing. Where something else was typed into the same
page, it is another form: a browser may have brought the page back as it was.

What is written down is a digest of the token and all that was sent. There may be passwords in it, but nobody can try
them by it: the token has 190 random bits and is kept nowhere.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.contrib import messages
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponseRedirect
from django.utils import timezone
from django.utils.crypto import get_random_string

from accounts.models import Submission
from accounts.passwords import digest
from accounts.services import Outdated, Refused

if TYPE_CHECKING:
    from accounts.forms import VersionedForm

TOKEN_FIELD: Final = "token"  # noqa: S105 - the name of a field
REMEMBERED: Final = timedelta(hours=24)
_TOKEN: Final = re.compile(r"[A-Za-z0-9]{32}")


class SentBefore(Exception):
    """The form has done its work already; `made` says where that led."""

    def __init__(self, made: Submission) -> None:
        super().__init__(made.pk)
        self.made = made


def new_token() -> str:
    """Return the token of a new form."""
    return get_random_string(32)


def sender(request: HttpRequest) -> str:
    """Return who sends a form of the panel. Nobody else's token leads anywhere."""
    return f"login {request.user.pk}"


def sent_before(request: HttpRequest, sent_by: str) -> Submission | None:
    """Return what the form of a request has done already, None where it is sent for the first time."""
    return Submission.objects.filter(token=_token(request), sent_by=sent_by).first() if _token(request) else None


@contextmanager
def submission(request: HttpRequest, sent_by: str) -> Iterator[Submission]:
    """Do the work of a form inside, in one transaction with its token; set `next_url` and perhaps `message` there.

    Nothing is written down when an exception leaves it. A form without a token does its work each time it is sent.
    Raises SentBefore, after waiting for the first of two presses where that is still at work.
    """
    with transaction.atomic():
        made = remember(request, sent_by)
        yield made
        made.save(update_fields=["next_url", "message"])


def remember(request: HttpRequest, sent_by: str, *, next_url: str = "") -> Submission:
    """Write the form of a request down, within the transaction that does its work. Raises as `submission`."""
    made = Submission(token=_token(request) or digest(new_token()), sent_by=sent_by, next_url=next_url)
    try:
        with transaction.atomic():
            made.save(force_insert=True)
    except IntegrityError:
        raise SentBefore(Submission.objects.get(token=made.token, sent_by=sent_by)) from None
    return made


def submit(
    request: HttpRequest, form: VersionedForm, work: Callable[[Submission], object], *, sent_by: str
) -> Submission | None:
    """Do the work of a valid form once, and return its submission; None, with errors in the form, where it may not be.

    `is_repeat` of the submission tells whether it was done before. Raises DoesNotExist where what the form edits has
    been deleted.
    """
    try:
        with submission(request, sent_by) as made:
            work(made)
    except SentBefore as before:
        before.made.is_repeat = True
        return before.made
    except Refused as refusal:
        for errors in refusal.errors.values():
            form.refuse(errors)
    except Outdated:
        form.reread()
        form.outdate()
    else:
        return made
    return None


def led_to(request: HttpRequest, made: Submission) -> HttpResponseRedirect:
    """Lead the browser to where a form has led, and say there what it has done."""
    if made.message:
        messages.success(request, made.message)
    return HttpResponseRedirect(made.next_url)


def purge_submissions() -> None:
    """Forget old tokens: no page that still has one is open."""
    old = Submission.objects.filter(made_at__lt=timezone.now() - REMEMBERED)
    if old.exists():  # asked first: a page that only shows something must not wait for whoever is writing
        old.delete()


def _token(request: HttpRequest) -> str:
    """Return what a form is known by, empty where it has no token."""
    if not _TOKEN.fullmatch(request.POST.get(TOKEN_FIELD, "")):
        return ""
    sent = sorted((name, values) for name, values in request.POST.lists() if name != "csrfmiddlewaretoken")
    for name, files in request.FILES.lists():
        for file in files:
            sent.append((name, [str(file.name), hashlib.sha256(file.read()).hexdigest()]))
            file.seek(0)
    return digest(repr((request.get_full_path(), sent)))
