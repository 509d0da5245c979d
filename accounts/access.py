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
    """Return who is signed in. Raises PermissionDenied for nobody, whom the middleware lets in nowhere else either."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def usable_domains(user: User | AnonymousUser | None) -> DomainQuerySet:
    """Return the domains that a login may act on: staff all, a customer those they administer.

    None is the command line without a customer, which acts as staff.
    """
    if user is None or user.is_staff:
        return Domain.objects.all()
    if user.pk is None:  # nobody is signed in; a filter for None would find the domains without administrators
        return Domain.objects.none()
    return Domain.objects.filter(administrators=user.pk)


def acting_domains(user: User | None, customer: User | None) -> DomainQuerySet:
    """Return the domains that a login may act on, on behalf of a customer where there is one.

    Acting for somebody is for staff and for the command line, which has no login.
    """
    if customer and user and not user.is_staff:
        return Domain.objects.none()
    return usable_domains(customer or user)


def not_your_domain(domain: str) -> ValidationError:
    """Return what to say about a domain, stored name, that a login may not act on (code domain_not_yours).

    The same words whether it exists or not: what another customer owns is never revealed.
    """
    message = _("You cannot use the domain %(domain)s. Correct the address, or have the domain added first.")
    shown = to_unicode(domain)
    if not is_latin(shown):  # some of its letters may look like Latin ones
        shown = f"{shown[:MAX_QUOTED_LENGTH]} ({domain})"
    return ValidationError(message, code="domain_not_yours", params={"domain": shown[:MAX_QUOTED_LENGTH]})
