"""What is said where the server's disk is full or cannot be written."""

from __future__ import annotations

import errno
import logging

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger(__name__)

_FAULTS = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EIO, errno.EMFILE}


class DiskFaults:
    """Middleware that answers in words; without it there is a 500 and a traceback of a page."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        has_begun = False

        async def noting(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self.app(scope, receive, noting)
        except OSError as error:
            if has_begun or error.errno not in _FAULTS:
                raise
            log.error("%s: %s", scope["path"], error)
            await PlainTextResponse(unwritable(error), 507)(scope, receive, send)


def unwritable(error: OSError) -> str:
    """What a visitor reads, without the server's paths."""
    return f"The server cannot read or write a file ({error.strerror}). Tell its operator."
