"""A ready transport on httpx. Another one needs only an ``async def call(self, request)``."""

import ssl

import httpx

from ._native.gridfold_client import HttpHeader, HttpReply, Transport, TransportError

#: Largest reply body that is read, in bytes.
MAX_REPLY_BYTES = 32 << 20


def _is_tls(error):
    seen = set()
    while error is not None and id(error) not in seen:
        if isinstance(error, ssl.SSLError):
            return True
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return "CERTIFICATE" in str(error).upper() if error else False


class HttpxTransport(Transport):
    """Calls a server over HTTP or HTTPS.

    ``verify`` is what httpx takes: an ``ssl.SSLContext`` pins certificates. Each call opens a
    connection of its own, so one transport serves any number of event loops.
    """

    def __init__(self, *, verify=True, timeout_s=60.0, trust_env=True):
        """Takes what certificates are checked by, the longest wait in seconds, and whether proxies
        that the environment names are used."""
        self._verify = verify
        self._timeout = httpx.Timeout(timeout_s, connect=min(10.0, timeout_s))
        self._trust_env = trust_env

    async def call(self, request):
        """Makes one call. Raises ``TransportError`` when there is no whole reply; the library makes
        the call again then."""
        try:
            async with httpx.AsyncClient(
                verify=self._verify, timeout=self._timeout, trust_env=self._trust_env
            ) as http:
                async with http.stream(
                    request.method,
                    request.base_url.rstrip("/") + request.path,
                    headers=[(h.name, h.value) for h in request.headers],
                    content=request.body,
                ) as reply:
                    body = bytearray()
                    async for chunk in reply.aiter_bytes():
                        body += chunk
                        if len(body) > MAX_REPLY_BYTES:
                            raise TransportError.Interrupted()
                    return HttpReply(
                        status=reply.status_code,
                        headers=[HttpHeader(name=n, value=v) for n, v in reply.headers.items()],
                        body=bytes(body),
                    )
        except httpx.TimeoutException as error:
            raise TransportError.Timeout() from error
        except httpx.ConnectError as error:
            if _is_tls(error):
                raise TransportError.Tls() from error
            raise TransportError.Unreachable() from error
        except httpx.UnsupportedProtocol as error:
            raise TransportError.Unreachable() from error
        except httpx.HTTPError as error:
            raise TransportError.Interrupted() from error
