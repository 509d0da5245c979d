"""Create an import in a thread of the web process: it needs no task queue, and closing the browser does not stop it."""

import logging
from threading import Thread

from django.db import connections

from bulkimport.services.creating import Claim, ClaimLost, create

logger = logging.getLogger(__name__)


def start(claim: Claim, *, wait_seconds: float = 2.0) -> None:
    """Create a claimed import in a new thread, and wait for it for a while, since most imports take less time.

    The thread is not a daemon, so that a server that is stopped normally lets it finish.
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
        # The page shows the import as interrupted. The logged traceback has no values of variables, so no passwords.
        logger.exception("Import %s stopped; nothing was created.", claim.import_id)
    finally:
        connections.close_all()
