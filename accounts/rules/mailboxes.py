"""The rules of an account: errors that forbid it, and warnings about what may not work as meant."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.utils.translation import gettext as _

from accounts.models import Domain, Forward, Mailbox
from accounts.rules.forwards import Errors, circle_errors, self_forward_error
from accounts.rules.room import quota_error, rooms
from accounts.validators import is_common_password, to_unicode


@dataclass(frozen=True, slots=True)
class Account:
    """A mailbox as it is to be written, with its forward. No destinations: it gets no forward.

    quota_mb: None where it stays, or is not known because its field is faulty; then the rules about quotas are skipped.
    """

    domain: Domain
    address: str
    quota_mb: int | None
    destinations: tuple[str, ...] = ()
    keep_copy: bool = False
    is_active: bool = True


def taken_errors(addresses: Collection[str]) -> dict[str, ValidationError]:
    """Return the errors of those addresses that no new mailbox can have: address_taken, address_is_forward."""
    is_mailbox = dict.fromkeys(Forward.objects.filter(source__in=addresses).values_list("source", flat=True), False)
    is_mailbox |= dict.fromkeys(Mailbox.objects.filter(address__in=addresses).values_list("address", flat=True), True)
    return {
        address: ValidationError(
            _("“%(value)s” exists already. Write another address.")
            if exists
            else _("“%(value)s” is already a forward. Choose another address or delete the forward first."),
            code="address_taken" if exists else "address_is_forward",
            params={"value": to_unicode(address)},
        )
        for address, exists in is_mailbox.items()
    }


def new_account_errors(accounts: Sequence[Account]) -> dict[str, Errors]:
    """Return the errors of new accounts that are to be created together, by address and field.

    Codes: address_taken, address_is_forward, quota_over_domain_limit, forward_to_self, forward_loop, domain_limit. The
    last is about a whole domain, and stands at the first of its addresses. The number of queries does not grow with the
    number of accounts.
    """
    taken = taken_errors([account.address for account in accounts])
    forwards = {account.address: account.destinations for account in accounts if _loses_mail_on_circle(account)}
    circles = circle_errors(forwards) if forwards else {}
    errors: dict[str, dict[str, list[ValidationError]]] = {}
    for account in accounts:
        for field, error in (
            ("email", taken.get(account.address)),
            ("quota", None if account.quota_mb is None else quota_error(account.domain, account.quota_mb)),
            ("forward", self_forward_error(account.address, account.destinations) or circles.get(account.address)),
        ):
            if error:
                errors.setdefault(account.address, {}).setdefault(field, []).append(error)
    for address, error in _room_errors(accounts).items():
        errors.setdefault(address, {})[NON_FIELD_ERRORS] = [error]
    return dict(errors)


def _room_errors(accounts: Sequence[Account]) -> dict[str, ValidationError]:
    """Return the error of each domain that has no room for all of these new accounts, by its first address."""
    by_domain: dict[int, list[Account]] = {}
    for account in accounts:
        if account.quota_mb is not None:
            by_domain.setdefault(account.domain.pk, []).append(account)
    errors = {}
    for domain_id, room in rooms(by_domain.keys()).items():
        in_domain = by_domain[domain_id]
        total = sum(account.quota_mb or 0 for account in in_domain)
        if error := room.error_for(mailboxes=len(in_domain), quota_mb=total, whole_file=len(accounts) > 1):
            errors[in_domain[0].address] = error
    return errors


def changed_account_errors(mailbox: Mailbox, account: Account) -> Errors:
    """Return why a mailbox and its forward cannot be changed like this, by field.

    Codes: quota_over_domain_limit, domain_limit, forward_to_self, forward_loop. A mailbox over a limit that was lowered
    can still be made smaller or disabled.
    """
    errors: dict[str, list[ValidationError]] = {}
    if account.quota_mb is not None and account.quota_mb > mailbox.quota_mb:
        if error := quota_error(account.domain, account.quota_mb):
            errors["quota"] = [error]
        room = rooms([account.domain.pk], without=mailbox.pk)[account.domain.pk]
        if error := room.error_for(mailboxes=0, quota_mb=account.quota_mb, whole_file=False):
            errors[NON_FIELD_ERRORS] = [error]
    error = self_forward_error(account.address, account.destinations)
    is_disabled = Forward.objects.filter(source=account.address, is_active=False).exists()
    if not error and not is_disabled and _loses_mail_on_circle(account):
        error = circle_errors({account.address: account.destinations}).get(account.address)
    if error:
        errors["forward"] = [error]
    return errors


def renamed_account_errors(*, old: str, new: str, keeps_old_address: bool) -> Errors:
    """Return why the mailbox `old` cannot have the address `new`, by field.

    Codes: address_taken, address_is_forward, forward_to_self, forward_loop.
    """
    if taken := taken_errors([new]).get(new):
        return {"email": [taken]}
    forward = Forward.objects.filter(source=old, is_active=True).first()
    destinations = forward.destinations.split() if forward else []
    if error := self_forward_error(new, destinations):
        return {"forward": [error]}
    is_active = Mailbox.objects.filter(address=old, is_active=True).exists()
    passed_on: dict[str, Sequence[str]] = {old: [new]} if keeps_old_address else {}
    if forward and not (forward.keep_copy and is_active):
        passed_on[new] = destinations
    # The forward of the old address goes with the mailbox.
    circles = circle_errors(passed_on, among=Forward.objects.exclude(source=old))
    return {"forward": [next(iter(circles.values()))]} if circles else {}


def _loses_mail_on_circle(account: Account) -> bool:
    """Tell whether mail to an account would be lost if its forward lay on a circle: no copy of it is kept."""
    return bool(account.destinations) and not (account.keep_copy and account.is_active)


def account_warnings(
    *, domain: Domain | None, password: str | None, keep_copy: bool, destinations: Collection[str]
) -> dict[str, ValidationError]:
    """Return the warnings about an account, by the field or column they are about.

    Codes: domain_inactive, password_common, keep_copy_without_forward. password: where a person chose it.
    """
    warnings: dict[str, ValidationError] = {}
    if domain and not domain.is_active:
        message = _("The domain %(domain)s is switched off, so the account gets no mail until it is switched on.")
        params = {"domain": domain.display_name}
        warnings["email"] = ValidationError(message, code="domain_inactive", params=params)
    if password and is_common_password(password):
        message = _("The password is very common and easily guessed. Choose another one.")
        warnings["password"] = ValidationError(message, code="password_common")
    if keep_copy and not destinations:
        message = _("Keeping a copy has no effect without a forward. Write a forward, or keep no copy.")
        warnings["keep_copy"] = ValidationError(message, code="keep_copy_without_forward")
    return warnings
