"""The only writer of domains, mailboxes and forwards: for the import, the pages, the admin and the commands.

Each function does all of its work in one transaction, or nothing. It locks the domains that it writes to, so that what
it has checked still holds when it writes, and refuses what the rules forbid. An object with a version is changed only
by a caller that sends the present version: another version means that the person has not seen what they would replace.
"""

from accounts.services.domains import delete_domains, save_domain
from accounts.services.forwards import delete_forwards, save_forward
from accounts.services.locks import lock_domains
from accounts.services.mailboxes import NewMailbox, change_mailbox, create_mailboxes, rename_mailbox
from accounts.services.results import Outdated, Refused, WriteResult
from accounts.services.selections import delete_mailboxes, selection_version, set_passwords, set_quota, set_state

__all__ = [
    "NewMailbox",
    "Outdated",
    "Refused",
    "WriteResult",
    "change_mailbox",
    "create_mailboxes",
    "delete_domains",
    "delete_forwards",
    "delete_mailboxes",
    "lock_domains",
    "rename_mailbox",
    "save_domain",
    "save_forward",
    "selection_version",
    "set_passwords",
    "set_quota",
    "set_state",
]
