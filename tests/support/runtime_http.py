"""How the stand-in of the runtime service is reached: HTTP on loopback, with faults on the way."""

from __future__ import annotations

import json
import re
import socket
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, urlsplit


@dataclass
class Fault:
    """What happens instead of, before or after an answer, to the next requests that match."""

    method: str
    path: str  # regular expression, searched in the path
    action: str  # "drop_before", "drop_after", "cut", or an HTTP status as text
    times: int = 1
    skip: int = 0  # let so many matching requests pass first
    body: str = ""


def error(code: int, message: str) -> dict:
    return {"errors": [{"code": code, "message": message}], "error": {"code": code, "message": message}}


class Handler(BaseHTTPRequestHandler):
    """Reads a request, lets the service's faults have their say, and answers."""

    owner: object  # the RuntimeService
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # or each answer waits 40 ms between its head and its body

    def log_message(self, *_: object) -> None:
        pass

    def _serve(self) -> None:
        url = urlsplit(self.path)
        host = url.hostname or self.headers.get("Host", "")
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        service, path = self.owner, url.path
        with service._lock:
            fault = self._fault(path)
        action = fault.action if fault else ""
        if action == "drop_before":
            service.log.append((self.command, path, 0))
            return self._hang_up()
        if action.isdigit():
            status, answer = int(action), fault.body or error(int(action), "the service is not well")
        else:
            headers = {key.lower(): value for key, value in self.headers.items()}
            status, answer = service.answer(self.command, host, path, parse_qs(url.query), body, headers)
        service.log.append((self.command, path, status))
        if action == "drop_after":
            return self._hang_up()
        data = (answer if isinstance(answer, str) else json.dumps(answer)).encode()
        with suppress(BrokenPipeError, ConnectionResetError):  # the client was killed
            self.send_response(status)
            self.send_header("Content-Type", "text/plain" if isinstance(answer, str) else "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data[: len(data) // 2] if action == "cut" else data)
            if action == "cut":
                self._hang_up()

    def _fault(self, path: str) -> Fault | None:
        for fault in self.owner.faults:
            if fault.method == self.command and fault.times > 0 and re.search(fault.path, path):
                if fault.skip > 0:
                    fault.skip -= 1
                    continue
                fault.times -= 1
                return fault
        return None

    def _hang_up(self) -> None:
        self.close_connection = True
        self.wfile.flush()
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815
