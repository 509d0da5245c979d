"""Who may act on which domain: asked by every view, service and command."""

from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.alphabets import is_latin
from accounts.models import Domain, DomainQuerySet
from accounts.refusals import MAX_QUOTED_LENGTH
from accounts.validators import to_unicode


def require_user(request: HttpRequest) -> User:
    """Return the user who is signed in to the panel. Raises PermissionDenied where nobody is."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def usable_domains(user: User | AnonymousUser | None) -> DomainQuerySet:
    """Return the domains that a login may use: all for staff, for a customer those that they administer.

    user: None for the command line without a customer, which acts as staff.
    """
    if user is None or user.is_staff:
        return Domain.objects.all()
    if user.pk is None:  # nobody is signed in; filtering by None would find the domains without administrators
        return Domain.objects.none()
    return Domain.objects.filter(administrators=user.pk)


def acting_domains(user: User | None, customer: User | None) -> DomainQuerySet:
    """Return the domains that a login may use, on behalf of a customer where there is one.

    Only staff and the command line (user None) may act on behalf of a customer.
    """
    if customer and user and not user.is_staff:
        return Domain.objects.none()
    return usable_domains(customer or user)


def not_your_domain(domain: str) -> ValidationError:
    """Return the error for a domain, by its stored name, that a login may not use (code domain_not_yours).

    The message is the same whether the domain exists or not, so that it does not reveal what another customer owns.
    """
    message = _("You cannot use the domain %(domain)s. Correct the address, or have the domain added first.")
    shown = to_unicode(domain)
    if not is_latin(shown):  # some of its letters may look like Latin ones
        shown = f"{shown[:MAX_QUOTED_LENGTH]} ({domain})"
    return ValidationError(message, code="domain_not_yours", params={"domain": shown[:MAX_QUOTED_LENGTH]})
