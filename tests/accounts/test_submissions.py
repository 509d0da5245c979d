"""Forms that are sent twice: the work is done once, also at the same moment, and a page filled in anew is another."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.contrib.messages import get_messages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections
from django.http import HttpRequest
from django.test import Client, RequestFactory
from django.utils import timezone

from accounts import submissions
from accounts.models import Submission
from accounts.submissions import AlreadySubmitted, find_submission, new_token, purge_submissions, submit_once
from tests.factories import make_client, make_forward, make_mailbox
from tests.handout.passwords import make_batch, make_keys
from tests.pages import TOKEN, form_in, open_page, read_response

pytestmark = pytest.mark.django_db


def request(path: str = "/mailboxes/new/", **fields: str) -> object:
    return RequestFactory().post(path, {"token": TOKEN, **fields})


def send(sent: object, sent_by: str = "login 1") -> str:
    """Do the work of a form, and return where it leads."""
    try:
        with submit_once(sent, sent_by) as made:  # type: ignore[arg-type]
            made.next_url = f"/done/{made.pk}/"
    except AlreadySubmitted as before:
        return before.submission.next_url
    return made.next_url


def test_the_same_form_leads_to_the_same_page() -> None:
    first = send(request(email="jan@a.pl"))
    assert send(request(email="jan@a.pl")) == first
    before = find_submission(request(email="jan@a.pl"), "login 1")  # type: ignore[arg-type]
    assert before
    assert before.next_url == first


def test_another_form_of_the_same_page_is_another() -> None:
    first = send(request(email="jan@a.pl"))
    assert send(request(email="ewa@a.pl")) != first
    assert send(request("/forwards/new/", email="jan@a.pl")) != first
    assert send(request(email="jan@a.pl", token=new_token())) != first
    assert send(request(email="jan@a.pl"), "login 2") != first


@pytest.mark.parametrize("token", ["", "short", "t" * 33, "ł" * 32])
def test_a_form_without_a_token_does_its_work_each_time(token: str) -> None:
    sent = request(token=token)
    assert find_submission(sent, "login 1") is None  # type: ignore[arg-type]
    assert send(sent) != send(sent)


def test_what_fails_may_be_sent_again() -> None:
    with pytest.raises(ValueError, match="no"), submit_once(request(), "login 1"):  # type: ignore[arg-type]
        raise ValueError("no")
    assert not Submission.objects.exists()
    assert send(request())


def test_the_token_against_forged_forms_decides_nothing() -> None:
    assert send(request(csrfmiddlewaretoken="1")) == send(request(csrfmiddlewaretoken="2"))


def test_another_file_is_another_form_and_can_still_be_read() -> None:
    def upload(content: bytes) -> object:
        file = SimpleUploadedFile("lista.csv", content)
        return RequestFactory().post("/imports/new/", {"token": TOKEN, "file": file})

    sent = upload(b"abc")
    first = send(sent)
    assert sent.FILES["file"].read() == b"abc"  # type: ignore[attr-defined]
    assert send(upload(b"abc")) == first
    assert send(upload(b"abd")) != first


def test_neither_the_token_nor_what_was_typed_is_kept() -> None:
    send(request(password="abc123"))
    stored = str(Submission.objects.values().get())
    assert "abc123" not in stored
    assert TOKEN not in stored


def test_old_tokens_are_forgotten() -> None:
    send(request())
    purge_submissions()
    assert Submission.objects.count() == 1
    Submission.objects.update(made_at=timezone.now() - timedelta(hours=25))
    purge_submissions()
    assert not Submission.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_two_presses_at_the_same_moment_one_does_the_work() -> None:
    barrier = threading.Barrier(2, timeout=20)
    led_to: list[str] = []

    def press() -> None:
        try:
            barrier.wait()
            led_to.append(send(request()))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=press) for _press in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(led_to)) == 1
    assert Submission.objects.count() == 1


@pytest.mark.parametrize(
    ("url", "changed"),
    [
        ("/mailboxes/new/", {"email": "nowa@przyklad.iq.pl"}),
        ("/mailboxes/{jan}/", {"quota": "77", "generates": "on"}),
        ("/mailboxes/selected/passwords/?select={jan}", {}),
        ("/mailboxes/selected/disable/?select={jan}", {}),
        ("/mailboxes/selected/delete/?select={jan}", {"typed": "jan@przyklad.iq.pl"}),
        ("/forwards/new/", {"source": "biuro@przyklad.iq.pl", "destinations": "ktos@gdzies.example"}),
        ("/forwards/{forward}/", {"destinations": "ktos@gdzies.example"}),
        ("{batch}links/", {"action": "make_all"}),
        ("/links/", {"action": "revoke_all"}),
    ],
)
def test_of_two_presses_the_one_that_is_checked_while_the_other_works_leads_to_the_same_page(
    logged_in: Client, customer: User, monkeypatch: pytest.MonkeyPatch, url: str, changed: dict[str, str]
) -> None:
    """It finds everything changed by then, and must not say that somebody else has changed it."""
    jan = make_mailbox("jan@przyklad.iq.pl")
    forward = make_forward("ewa@przyklad.iq.pl", "jan@przyklad.iq.pl")
    batch = make_batch([make_mailbox("ola@przyklad.iq.pl")], customer)
    if url == "/links/":
        make_keys(batch)
    url = url.format(jan=jan.pk, forward=forward.pk, batch=batch.get_absolute_url())
    sent = {**form_in(open_page(logged_in, url), field="token").fields, **changed}
    other_press: list[str] = []

    def find_before_the_other_press(request: HttpRequest, sent_by: str) -> Submission | None:
        before = find_submission(request, sent_by)
        if not other_press:
            other_press.append("")
            other_press[0] = make_client(customer).post(url, sent)["Location"]
        return before

    monkeypatch.setattr(submissions, "find_submission", find_before_the_other_press)
    response = logged_in.post(url, sent)
    assert response.status_code == 302, read_response(response).text
    assert response["Location"] == other_press[0]
    assert not [message for message in get_messages(response.wsgi_request) if message.level_tag != "success"]
    assert Submission.objects.count() == 1
