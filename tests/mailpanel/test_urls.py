"""Addresses that are asked for by machines: for the health of the panel, or for their head alone."""

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


def test_the_health_page_needs_no_login(client: Client) -> None:
    assert client.get("/healthz").content == b"ok"


@pytest.mark.parametrize("path", ["/healthz", "/imports/", "/imports/new/"])
def test_a_monitor_may_ask_for_the_head_only(logged_in: Client, path: str) -> None:
    assert logged_in.head(path).status_code == 200
