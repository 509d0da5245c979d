import re

from django.urls import include, path, re_path

from accounts import client_settings, forward_views, mailbox_views, views

# Programs write this address as they like. Django takes no flags within an expression.
ANY_CASE = re.sub("[a-z]", lambda letter: f"[{letter[0]}{letter[0].upper()}]", r"^autodiscover/autodiscover\.xml$")

urlpatterns = [
    path("mailboxes/", views.mailbox_list, name="mailbox_list"),
    path("mailboxes/new/", mailbox_views.mailbox_new, name="mailbox_new"),
    path("mailboxes/<int:pk>/", mailbox_views.mailbox_edit, name="mailbox_edit"),
    path("mailboxes/selected/<str:action>/", mailbox_views.mailbox_bulk, name="mailbox_bulk"),
    path("forwards/", forward_views.forward_list, name="forward_list"),
    path("forwards/new/", forward_views.forward_new, name="forward_new"),
    path("forwards/<int:pk>/", forward_views.forward_edit, name="forward_edit"),
    path("forwards/<int:pk>/delete/", forward_views.forward_delete, name="forward_delete"),
    path("mailbox/", include("accounts.owner.urls")),
    path("", include("accounts.handout.urls")),
    path("healthz", views.healthz, name="healthz"),
    path("mail-settings/", client_settings.mail_settings, name="mail_settings"),
    path("mail-settings/apple.mobileconfig", client_settings.apple_profile, name="apple_profile"),
    path("mail/config-v1.1.xml", client_settings.autoconfig, name="autoconfig"),
    path(".well-known/autoconfig/mail/config-v1.1.xml", client_settings.autoconfig),
    path("autodiscover/autodiscover.xml", client_settings.autodiscover, name="autodiscover"),
    re_path(ANY_CASE, client_settings.autodiscover),
]
