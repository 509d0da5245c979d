"""A form that is sent twice does its work once: after a double click, or when its page is loaded again.

A page puts a token into its form. The token is stored in the transaction that does the work, together with the URL to
redirect to; the same form, sent again, redirects there and does nothing. Where something else was typed into the same
page, it counts as another form: a browser may have restored the page with its old token.

What is stored is a digest of the token and of everything that was sent. This may include passwords, but nobody can try
passwords against the digest: the token has 190 random bits and is stored nowhere.
"""

from __future__ import annotations

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

from accounts.digests import digest
from accounts.models import Submission
from accounts.services import Outdated, Refused

if TYPE_CHECKING:
    from accounts.forms import VersionedForm

REMEMBERED: Final = timedelta(hours=24)
_TOKEN: Final = re.compile(r"[A-Za-z0-9]{32}")


class AlreadySubmitted(Exception):
    """The form has done its work already, as `submission`."""

    def __init__(self, submission: Submission) -> None:
        super().__init__(submission.pk)
        self.submission = submission


def new_token() -> str:
    """Return the token of a new form."""
    return get_random_string(32)


def submitter(request: HttpRequest) -> str:
    """Return who sends a form of the panel, such as `login 5`. A token counts only for the one who sent it."""
    return f"login {request.user.pk}"


def find_submission(request: HttpRequest, sent_by: str) -> Submission | None:
    """Return the submission of the same form by the same sender, None where it is sent for the first time."""
    token = _stored_token(request)
    return Submission.objects.filter(token=token, sent_by=sent_by).first() if token else None


def find_repeat(request: HttpRequest, form: VersionedForm, *, sent_by: str) -> Submission | None:
    """Validate a form that was sent, and return its submission if it has done its work already, else None.

    Where the form has errors, the submission is looked for once more: of two presses at the same moment, the other may
    have done the work meanwhile, and the errors then only say that.
    """
    before = find_submission(request, sent_by)
    if before is None and not form.is_valid():
        before = find_submission(request, sent_by)
    return before


@contextmanager
def submit_once(request: HttpRequest, sent_by: str) -> Iterator[Submission]:
    """Do the work of a form inside, in one transaction with its token; set `next_url` and perhaps `message` there.

    An exception rolls all of it back. A form without a token does its work each time it is sent.
    Raises AlreadySubmitted, after waiting for the other request where the same form is being processed.
    """
    with transaction.atomic():
        submission = record_submission(request, sent_by)
        yield submission
        submission.save(update_fields=["next_url", "message"])


def record_submission(request: HttpRequest, sent_by: str, *, next_url: str = "") -> Submission:
    """Store the token of a form, within the transaction that does its work. Raises as `submit_once`."""
    token = _stored_token(request) or digest(new_token())
    submission = Submission(token=token, sent_by=sent_by, next_url=next_url)
    try:
        with transaction.atomic():
            submission.save(force_insert=True)
    except IntegrityError:
        raise AlreadySubmitted(Submission.objects.get(token=token, sent_by=sent_by)) from None
    return submission


def submit(
    request: HttpRequest, form: VersionedForm, work: Callable[[Submission], object], *, sent_by: str
) -> Submission | None:
    """Do the work of a valid form once, and return its submission; None, with errors in the form, where it is refused.

    `is_repeat` of the submission tells whether an earlier request did the work. Raises DoesNotExist where the object
    that the form edits has been deleted.
    """
    try:
        with submit_once(request, sent_by) as submission:
            work(submission)
    except AlreadySubmitted as before:
        before.submission.is_repeat = True
        return before.submission
    except Refused as refusal:
        for errors in refusal.errors.values():
            form.refuse(errors)
    except Outdated:
        form.reread()
        form.outdate()
    else:
        return submission
    return None


def redirect_to_result(request: HttpRequest, submission: Submission) -> HttpResponseRedirect:
    """Redirect to the page that follows a form, which shows the message of what the form has done."""
    if submission.message:
        messages.success(request, submission.message)
    return HttpResponseRedirect(submission.next_url)


def purge_submissions() -> None:
    """Delete old tokens: no page that still has one is open."""
    old = Submission.objects.filter(made_at__lt=timezone.now() - REMEMBERED)
    if old.exists():  # a SELECT first: a DELETE would make a page that only shows something wait for a writer
        old.delete()


def _stored_token(request: HttpRequest) -> str:
    """Return the digest that a form is stored by, empty where the form has no token."""
    if not _TOKEN.fullmatch(request.POST.get("token", "")):
        return ""
    sent = sorted((name, values) for name, values in request.POST.lists() if name != "csrfmiddlewaretoken")
    for name, files in request.FILES.lists():
        for file in files:
            sent.append((name, [str(file.name), digest(file.read())]))
            file.seek(0)
    return digest(repr((request.get_full_path(), sent)))
