"""What an error page or an error report may show: never a value, since any of them may be a password."""

from collections.abc import ItemsView
from types import FrameType
from typing import Any

from django.http import HttpRequest
from django.views.debug import SafeExceptionReporterFilter


class HideValues(SafeExceptionReporterFilter):
    """Hides the values of all variables and of all that was posted, while debugging too.

    A file with passwords goes through many functions, of libraries as well. Marking each of them would be forgotten
    once; names and lines are enough to find an error.
    """

    def is_active(self, request: HttpRequest | None) -> bool:
        return True

    def get_post_parameters(self, request: HttpRequest | None) -> dict[str, Any]:
        return dict.fromkeys(request.POST if request else (), self.cleansed_substitute)

    def get_traceback_frame_variables(
        self,
        request: HttpRequest | None,
        tb_frame: FrameType,
    ) -> ItemsView[str, Any]:
        return dict.fromkeys(tb_frame.f_locals, self.cleansed_substitute).items()
