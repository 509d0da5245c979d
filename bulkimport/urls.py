from django.urls import path, re_path

from bulkimport import detail_views, download_views, guide, reading_views, views

urlpatterns = [
    path("help/", guide.help_page, name="help"),
    re_path(
        r"^mailboxes/selected/export\.(?P<file_format>csv|xlsx)$", download_views.mailbox_export, name="mailbox_export"
    ),
    path(
        "mailboxes/new-passwords/<uuid:pk>/passwords.csv",
        download_views.passwords_download,
        {"file_format": "csv"},
        name="passwords_download",
    ),
    path(
        "mailboxes/new-passwords/<uuid:pk>/passwords.xlsx",
        download_views.passwords_download,
        {"file_format": "xlsx"},
        name="passwords_download",
    ),
    path("mailboxes/new-passwords/<uuid:pk>/links.csv", download_views.links_download, name="links_download"),
    path("imports/", views.import_list, name="import_list"),
    path("imports/new/", views.import_new, name="import_new"),
    re_path(
        r"^imports/template\.(?P<file_format>xlsx|ods|csv)$", download_views.import_template, name="import_template"
    ),
    path("imports/<uuid:pk>/", detail_views.import_detail, name="import"),
    path("imports/<uuid:pk>/reading/", reading_views.import_reading, name="import_reading"),
    path("imports/<uuid:pk>/columns/", reading_views.import_columns, name="import_columns"),
    path("imports/<uuid:pk>/progress", views.import_progress, name="import_progress"),
    path("imports/<uuid:pk>/saved/", views.import_saved, name="import_saved"),
    path("imports/<uuid:pk>/undo/", views.import_undo, name="import_undo"),
    path("imports/<uuid:pk>/discard/", views.import_discard, name="import_discard"),
    path("imports/<uuid:pk>/problems", download_views.import_problems, name="import_problems"),
    path("imports/<uuid:pk>/results.csv", download_views.import_results, {"file_format": "csv"}, name="import_results"),
    path(
        "imports/<uuid:pk>/results.xlsx", download_views.import_results, {"file_format": "xlsx"}, name="import_results"
    ),
]
