from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class HandoutConfig(AppConfig):
    name = "accounts.handout"
    label = "handout"
    verbose_name = _("One-time links")
