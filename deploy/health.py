"""Exit with 0 when the server on this machine answers /healthz, else with 1; only Python's own library is needed."""

from __future__ import annotations

import http.client
import os
import ssl
import sys

_SECONDS = 8


def main() -> int:
    """The exit code for a health check."""
    port = int(os.environ.get("RAGQA_PORT", "7860"))
    try:
        connection = _connection(port)
        connection.request("GET", "/healthz")
        reply = connection.getresponse()
        print(reply.status, reply.read(200).decode("utf-8", "replace"))
    except (OSError, http.client.HTTPException) as error:
        print(f"no answer on port {port}: {error}", file=sys.stderr)
        return 1
    return 0 if reply.status == 200 else 1


def _connection(port: int) -> http.client.HTTPConnection:
    if not os.environ.get("RAGQA_CERTIFICATE"):
        return http.client.HTTPConnection("127.0.0.1", port, timeout=_SECONDS)
    # The certificate names the server as others reach it, not as 127.0.0.1.
    unchecked = ssl.create_default_context()
    unchecked.check_hostname, unchecked.verify_mode = False, ssl.CERT_NONE
    return http.client.HTTPSConnection("127.0.0.1", port, timeout=_SECONDS, context=unchecked)


if __name__ == "__main__":
    sys.exit(main())
