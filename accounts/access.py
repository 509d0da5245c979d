"""Who may act on which domain: asked by every view, service and command."""

from django.contrib.auth.models import AnonymousUser, User

from accounts.models import Domain, DomainQuerySet


def domains_of(user: User | AnonymousUser | None) -> DomainQuerySet:
    """Return the domains that a login may act on: staff all, a customer those they administer.

    None is the command line without a customer, which acts as staff.
    """
    if user is None or user.is_staff:
        return Domain.objects.all()
    return Domain.objects.filter(administrators=user.pk)
