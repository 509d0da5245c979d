"""The decorator for pages of a batch."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import wraps

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.handout.batches import read_batches
from accounts.handout.models import Batch


def with_batch(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Give a view the contents of the batch whose id is in the URL.

    Without such a batch, or when it is another login's, the response is a page with status 404. The same for a batch
    without a label whose passwords are erased. Where they cannot be read, a page says so and what to do.
    """

    @require_http_methods(["GET", "HEAD", "POST"])
    @never_cache
    @wraps(view)
    def wrapped(request: HttpRequest, pk: uuid.UUID, **named: str) -> HttpResponseBase:
        batches = Batch.objects.seen_by(request.user).select_related("made_by", "customer")
        for contents in read_batches(batches.filter(pk=pk)):
            if contents.has_passwords or contents.batch.label:
                return view(request, contents, **named)
            if contents.is_unreadable:
                return render(request, "handout/batch_unreadable.html")
        return render(request, "handout/batch_gone.html", status=404)

    return wrapped
