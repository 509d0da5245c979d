"""Postfix and Dovecot on the database of the tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import connection
from pytest_django import DjangoDbBlocker

from tests.mailserver.servers import MailServer, running_mailserver


@pytest.fixture(scope="session")
def running_servers(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[MailServer]:
    """Postfix and Dovecot on the database of the tests, started once for all of them."""
    with django_db_blocker.unblock(), running_mailserver() as server:
        connection.close()
        yield server


@pytest.fixture
def mailserver(running_servers: MailServer) -> Iterator[MailServer]:
    """The running servers: what has left them is forgotten after the test, and a test that fails shows their logs."""
    yield running_servers
    print(running_servers.logs())  # noqa: T201 - pytest shows it for a test that fails
    running_servers.settle()  # or a bounce would reach the next test
    running_servers.sink.clear()
    connection.close()
