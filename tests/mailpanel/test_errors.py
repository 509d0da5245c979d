"""An error page shows where an error is, and no value: any of them may be a password."""

import sys

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, RequestFactory
from django.views.debug import ExceptionReporter
from pytest_django import Settings

from bulkimport import detail_views
from bulkimport.services import creating
from tests.factories import make_domain, make_user

SECRET = "Bardzo-tajne-1"


@pytest.mark.parametrize("debug", [False, True])
def test_an_error_report_has_no_values(settings: Settings, debug: bool) -> None:
    settings.DEBUG = debug
    request = RequestFactory().post("/imports/new/", {"4-password": SECRET})
    assert request.POST["4-password"] == SECRET

    def fails(password: str) -> None:
        raise RuntimeError("something broke")

    try:
        fails(SECRET)
    except RuntimeError:
        reporter = ExceptionReporter(request, *sys.exc_info())
    for report in (reporter.get_traceback_html(), reporter.get_traceback_text()):
        assert "something broke" in report
        assert SECRET not in report


@pytest.mark.django_db
@pytest.mark.parametrize("function", ["_write_outcome", "_hash_all"])
def test_an_error_in_the_middle_of_an_import_shows_no_password(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, create_in_place: None, function: str
) -> None:
    settings.DEBUG = True  # the page that shows the most

    def fails(*args: object) -> None:
        raise RuntimeError("something broke")

    monkeypatch.setattr(creating, function, fails)
    monkeypatch.setattr(detail_views.runner, "start", creating.create)
    customer = make_user("anna")
    make_domain("przyklad.iq.pl", [customer])
    client = Client(raise_request_exception=False)
    client.force_login(customer)
    file = SimpleUploadedFile("l.csv", f"E-mail;Hasło\njan@przyklad.iq.pl;{SECRET}\n".encode())
    response = client.post("/imports/new/", {"file": file, "action": "create"})
    html = response.content.decode()
    assert response.status_code == 500
    assert "something broke" in html
    assert SECRET not in html
