from django.urls import path, re_path

from bulkimport import views

urlpatterns = [
    path("imports/", views.import_list, name="import_list"),
    path("imports/new/", views.import_new, name="import_new"),
    re_path(r"^imports/template\.(?P<file_format>xlsx|ods|csv)$", views.import_template, name="import_template"),
    path("imports/<uuid:pk>/", views.import_detail, name="import"),
    path("imports/<uuid:pk>/reading/", views.import_reading, name="import_reading"),
    path("imports/<uuid:pk>/progress", views.import_progress, name="import_progress"),
    path("imports/<uuid:pk>/saved/", views.import_saved, name="import_saved"),
    path("imports/<uuid:pk>/undo/", views.import_undo, name="import_undo"),
    path("imports/<uuid:pk>/problems", views.import_problems, name="import_problems"),
    re_path(
        r"^imports/(?P<pk>[0-9a-f-]{36})/results\.(?P<file_format>csv|xlsx)$",
        views.import_results,
        name="import_results",
    ),
]
