from django.urls import path

from accounts.handout import link_views, views

urlpatterns = [
    path("mailboxes/new-passwords/<uuid:pk>/", views.batch_detail, name="new_passwords"),
    path("mailboxes/new-passwords/<uuid:pk>/saved/", views.batch_saved, name="new_passwords_saved"),
    path("mailboxes/new-passwords/<uuid:pk>/sheets/", views.batch_sheets, name="new_passwords_sheets"),
    path("mailboxes/new-passwords/<uuid:pk>/links/", views.batch_links, name="new_passwords_links"),
    path("links/", link_views.link_list, name="link_list"),
    path("handout/", link_views.handout, name="handout"),
    path("handout/open/", link_views.handout_open, name="handout_open"),
]
