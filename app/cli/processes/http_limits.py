"""uvicorn's HTTP protocol with a limit on the size of a request's head."""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LONGEST_HEAD = 64 * 1024
"""Bytes of request line and headers. A token has one to two thousand, a DPoP proof up to eight."""

_TOO_LONG = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-length: 0\r\nconnection: close\r\n\r\n"
)


class BoundedHead(HttpToolsProtocol):
    """Answers 431 and closes the connection when a request's head is longer than `LONGEST_HEAD`.

    uvicorn's reader on httptools buffers everything until the headers are complete. Measured: one
    connection without a token could fill 200 MB.
    """

    _head_size = 0
    _in_head = True
    """Whether the bytes received last belong to a head, as far as can be told."""

    def data_received(self, data: bytes) -> None:
        """Read the data, and close the connection if the head is too long."""
        self._in_head = self._head_size >= 0
        super().data_received(data)
        # Bytes received together with the end of a head or body are mostly not head.
        if not self._in_head:
            return
        self._head_size += len(data)
        if self._head_size > LONGEST_HEAD and not self.transport.is_closing():
            self.transport.write(_TOO_LONG)
            self.transport.close()

    def on_headers_complete(self) -> None:
        """The body begins. Its size is limited where it is read."""
        self._in_head, self._head_size = False, -1
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The next request begins."""
        self._head_size = 0
        super().on_message_complete()
