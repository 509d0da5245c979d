"""The forms over mailboxes, forwards and domains, for the panel and the admin.

They read what was typed by `accounts.validators`, ask `accounts.rules` so that a person sees every problem at once, and
write by `accounts.services`, which ask the rules again under the lock.
"""

from accounts.forms.accounts import AccountForm
from accounts.forms.domains import DomainForm
from accounts.forms.forwards import FORWARD_CHANGED, ForwardForm
from accounts.forms.versions import CellField, VersionedForm, style_fields

__all__ = ["FORWARD_CHANGED", "AccountForm", "CellField", "DomainForm", "ForwardForm", "VersionedForm", "style_fields"]
