import re

from django.urls import include, path, re_path

from accounts import autodiscover, client_settings, views
from accounts.panel import forwards, mailboxes

# Programs write this path in upper or lower case. Django's paths take no flag for that.
ANY_CASE = re.sub("[a-z]", lambda letter: f"[{letter[0]}{letter[0].upper()}]", r"^autodiscover/autodiscover\.xml$")

urlpatterns = [
    path("mailboxes/", mailboxes.mailbox_list, name="mailbox_list"),
    path("mailboxes/new/", mailboxes.mailbox_new, name="mailbox_new"),
    path("mailboxes/<int:pk>/", mailboxes.mailbox_edit, name="mailbox_edit"),
    path("mailboxes/selected/<str:action>/", mailboxes.mailbox_bulk, name="mailbox_bulk"),
    path("forwards/", forwards.forward_list, name="forward_list"),
    path("forwards/new/", forwards.forward_new, name="forward_new"),
    path("forwards/<int:pk>/", forwards.forward_edit, name="forward_edit"),
    path("forwards/<int:pk>/delete/", forwards.forward_delete, name="forward_delete"),
    path("mailbox/", include("accounts.owner.urls")),
    path("", include("accounts.handout.urls")),
    path("healthz", views.healthz, name="healthz"),
    path("mail-settings/", client_settings.mail_settings, name="mail_settings"),
    path("mail-settings/apple.mobileconfig", client_settings.apple_profile, name="apple_profile"),
    path("mail/config-v1.1.xml", client_settings.autoconfig, name="autoconfig"),
    path(".well-known/autoconfig/mail/config-v1.1.xml", client_settings.autoconfig),
    path("autodiscover/autodiscover.xml", autodiscover.autodiscover, name="autodiscover"),
    re_path(ANY_CASE, autodiscover.autodiscover),
]
