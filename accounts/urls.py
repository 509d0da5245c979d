from django.urls import path, re_path

from accounts import client_settings, views

urlpatterns = [
    path("", views.home, name="home"),
    path("mailboxes/", views.mailbox_list, name="mailbox_list"),
    path("healthz", views.healthz, name="healthz"),
    path("mail-settings/", client_settings.mail_settings, name="mail_settings"),
    path("mail-settings/apple.mobileconfig", client_settings.apple_profile, name="apple_profile"),
    path("mail/config-v1.1.xml", client_settings.autoconfig, name="autoconfig"),
    path(".well-known/autoconfig/mail/config-v1.1.xml", client_settings.autoconfig),
    re_path(r"^[Aa]uto[Dd]iscover/[Aa]uto[Dd]iscover\.xml$", client_settings.autodiscover, name="autodiscover"),
]
