from django.urls import path

from accounts.owner import views

urlpatterns = [
    path("", views.owner_home, name="owner_home"),
    path("login/", views.owner_login, name="owner_login"),
    path("logout/", views.owner_logout, name="owner_logout"),
    path("password/", views.owner_password, name="owner_password"),
    path("forward/", views.owner_forward, name="owner_forward"),
]
