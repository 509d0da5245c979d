"""What will work with an account, but perhaps not as meant: the same for a row of a file and for a form."""

from collections.abc import Collection

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accounts.models import Domain
from accounts.validators import is_common_password


def account_warnings(
    *, domain: Domain | None, password: str | None, keep_copy: bool, destinations: Collection[str]
) -> dict[str, ValidationError]:
    """Return what will work with an account, but perhaps not as meant, by the column or field that says it."""
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
