"""A small HTTP server on loopback, in a thread, for the issuer and the endpoint."""

import http.server
import json
import threading


class Server:
    """Answers each request with what `answer` returns: a status, a JSON value or its bytes or None, and perhaps headers."""

    def __init__(self):
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self):
                self.body = self.rfile.read(int(self.headers.get("content-length", 0)))
                status, value, headers = (*outer.answer(self), {})[:3]
                body = b"" if value is None else value if isinstance(value, bytes) else json.dumps(value).encode()
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                if body:
                    self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET

            def log_message(self, *_):
                """Logs nothing."""

        self._server = QuietServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def answer(self, request):
        raise NotImplementedError

    def stop(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class QuietServer(http.server.ThreadingHTTPServer):
    """The tests kill callers in the middle of a request, so a broken connection is not an error here."""

    daemon_threads = True

    def handle_error(self, request, client_address):
        """Logs nothing."""
