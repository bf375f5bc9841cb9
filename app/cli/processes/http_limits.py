"""HTTP as uvicorn reads it, with an end to what comes before the body."""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LONGEST_HEAD = 64 * 1024
"""Bytes of request line and headers. A token has one or two thousand, a proof at most eight."""

_TOO_LONG = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-length: 0\r\nconnection: close\r\n\r\n"
)


class BoundedHead(HttpToolsProtocol):
    """Hangs up on whoever sends headers without end.

    uvicorn's reader on httptools keeps whatever comes until the headers are complete: measured, one
    connection and no token were enough to fill 200 MB.
    """

    _head = 0
    _in_head = True
    """Whether all that came last belongs to a head, as far as can be told."""

    def data_received(self, data: bytes) -> None:
        """Read on, unless the head is too long."""
        self._in_head = self._head >= 0
        super().data_received(data)
        # What came together with the end of a head or of a body is mostly not head.
        if not self._in_head:
            return
        self._head += len(data)
        if self._head > LONGEST_HEAD and not self.transport.is_closing():
            self.transport.write(_TOO_LONG)
            self.transport.close()

    def on_headers_complete(self) -> None:
        """From here on it is the body, which who reads it bounds."""
        self._in_head, self._head = False, -1
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The next request begins."""
        self._head = 0
        super().on_message_complete()
