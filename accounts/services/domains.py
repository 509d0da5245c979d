"""Writing domains."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from django.contrib.auth.models import User
from django.db import transaction

from accounts.models import Domain
from accounts.rules.forwards import contact_error
from accounts.services.locks import lock_domains, lock_forwards
from accounts.services.results import Outdated, Refused, WriteResult


@transaction.atomic
def save_domain(*, domain: Domain, version: str, administrators: Iterable[User]) -> WriteResult:
    """Create or change a domain with its administrators.

    Raises Domain.DoesNotExist, Outdated, and Refused with the error of `contact_error`.
    """
    if domain.pk is not None:
        lock_domains([domain.pk])
    lock_forwards()  # the contact may not close a circle of forwards
    if error := contact_error(domain.name, domain.contact):
        raise Refused({domain.name: {"contact": [error]}})
    if domain.pk is None:
        domain.save()
        result = WriteResult(needs_reload=True)
    else:
        stored = Domain.objects.get(pk=domain.pk)
        if version != str(stored.version):
            raise Outdated
        domain.version = stored.version + 1
        domain.save(force_update=True)
        is_switched_off = stored.is_active and not domain.is_active
        addresses = domain.mailboxes.values_list("address", flat=True) if is_switched_off else ()
        result = WriteResult(signed_out=list(addresses), needs_reload=stored.is_active != domain.is_active)
    domain.administrators.set(administrators)
    return result


@transaction.atomic
def delete_domains(*, domains: Collection[Domain]) -> None:
    """Delete domains that have neither mailboxes nor forwards. Raises ProtectedError."""
    lock_domains(domain.pk for domain in domains)
    Domain.objects.filter(pk__in=[domain.pk for domain in domains]).delete()
