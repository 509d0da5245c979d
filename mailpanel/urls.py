from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LogoutView
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt
from django.views.i18n import set_language

from mailpanel.home import home
from mailpanel.keeping import LoginView

urlpatterns = [
    path("", home, name="home"),
    path("", include("accounts.urls")),
    path("", include("bulkimport.urls")),
    path("admin/", admin.site.urls),
    path("login/", LoginView.as_view(), name="login"),
    path("logout/", login_not_required(LogoutView.as_view()), name="logout"),
    # Without a CSRF check: the page of a one-time link sends no origin. A forged switch of the language does no harm.
    path("language/", csrf_exempt(login_not_required(set_language)), name="set_language"),
]
