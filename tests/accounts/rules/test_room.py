"""The room of a domain, and the sentence that says how much is missing."""

import pytest

from accounts.rules.room import Room


def room(
    mailboxes: int = 0, quota_mb: int = 0, max_mailboxes: int | None = None, max_total_quota_mb: int | None = None
) -> Room:
    return Room("żółw.pl", mailboxes, quota_mb, max_mailboxes, max_total_quota_mb)


@pytest.mark.parametrize(
    ("place", "mailboxes", "quota_mb"),
    [
        (room(), 10_000, 10**9),
        (room(9, 0, 10), 1, 10**9),
        (room(0, 500, None, 1000), 10_000, 500),
        (room(9, 500, 10, 1000), 1, 500),
        (room(12, 0, 10), 0, 0),
    ],
)
def test_what_fits_has_no_error(place: Room, mailboxes: int, quota_mb: int) -> None:
    assert place.error_for(mailboxes=mailboxes, quota_mb=quota_mb, whole_file=True) is None
    assert place.error_for(mailboxes=mailboxes, quota_mb=quota_mb, whole_file=False) is None


@pytest.mark.parametrize(
    ("place", "mailboxes", "quota_mb", "needs", "left"),
    [
        (room(9, 0, 10), 2, 100, "2 mailboxes", "1"),
        (room(0, 0, 0), 1, 100, "1 mailbox", "0"),
        (room(12, 0, 10), 1, 100, "1 mailbox", "0"),
        (room(0, 500, None, 1000), 1, 501, "501\u00a0MB", "500\u00a0MB"),
        (room(0, 2000, None, 1000), 1, 1, "1\u00a0MB", "0\u00a0MB"),
        (room(5, 10_000, 35, 90_000), 37, 92_500, "37 mailboxes and 92,500\u00a0MB", "30 and 80,000\u00a0MB"),
        (room(0, 0, 1, 90_000), 2, 1, "2 mailboxes and 1\u00a0MB", "1 and 90,000\u00a0MB"),
        (room(0, 0, 10, 100), 1, 101, "1 mailbox and 101\u00a0MB", "10 and 100\u00a0MB"),
    ],
)
def test_what_does_not_fit_is_said_with_numbers(
    place: Room, mailboxes: int, quota_mb: int, needs: str, left: str
) -> None:
    for whole_file, with_faulty, beginning, ending in [
        (True, False, "This file", "Remove accounts or ask for more room."),
        (True, True, "With the rows to be corrected, this file", "Remove accounts or ask for more room."),
        (False, False, "This account", "Ask for more room."),
    ]:
        error = place.error_for(mailboxes=mailboxes, quota_mb=quota_mb, whole_file=whole_file, with_faulty=with_faulty)
        assert error is not None
        assert error.code == "domain_limit"
        assert error.messages == [f"{beginning} needs {needs}; żółw.pl has {left} left. {ending}"]
