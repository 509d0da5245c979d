"""Which import a login may open."""

import uuid

from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from bulkimport.models import Import


def own_import_or_404(request: HttpRequest, pk: uuid.UUID) -> Import:
    """Return an import that the login may see. Another login's import gives 404, as a missing one does."""
    imports = Import.objects.seen_by(request.user).select_related("uploaded_by", "customer", "batch")
    return get_object_or_404(imports, pk=pk)
