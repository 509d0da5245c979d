from django.urls import path

from accounts import views

urlpatterns = [
    path("", views.home, name="home"),
    path("mailboxes/", views.mailbox_list, name="mailbox_list"),
    path("healthz", views.healthz, name="healthz"),
]
