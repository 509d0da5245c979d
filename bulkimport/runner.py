"""The thread that creates an import: no further service has to run, and a closed browser stops nothing."""

import logging
from threading import Thread

from django.db import connections

from bulkimport.services.creating import Claim, ClaimLost, create

logger = logging.getLogger(__name__)


def start(claim: Claim, *, wait_seconds: float = 2.0) -> None:
    """Create a claimed import in a thread of its own, and wait for it a little: most imports are done by then.

    The thread is not a daemon: a server that stops in good order lets it finish.
    """
    thread = Thread(target=_run, args=(claim,), name=f"import-{claim.import_id}")
    thread.start()
    thread.join(wait_seconds)


def _run(claim: Claim) -> None:
    try:
        create(claim)
    except ClaimLost:
        logger.warning("Import %s was taken over or discarded; nothing was written here.", claim.import_id)
    except Exception:
        # The import's page shows it as interrupted. A traceback has no values of variables, so no password.
        logger.exception("Import %s stopped; nothing was created.", claim.import_id)
    finally:
        connections.close_all()
