"""Moto's server behind a counter: it notes every call, and can refuse one as AWS does where a permission is missing."""

import threading
from collections import Counter
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import boto3
from botocore.config import Config
from moto.server import ThreadedMotoServer

REGION, ACCOUNT = "eu-west-1", "123456789012"
_VERSIONS = {"2016-11-15": "ec2", "2015-12-01": "elbv2", "2012-06-01": "elb"}
_EC2_REFUSAL = "<Response><Errors><Error><Code>UnauthorizedOperation</Code></Error></Errors></Response>"
_ELB_REFUSAL = "<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>"
_REFUSED = {"ec2": _EC2_REFUSAL, "elbv2": _ELB_REFUSAL, "elb": _ELB_REFUSAL}


class Aws:
    """EC2 and Elastic Load Balancing of one account and region, empty at first."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, list[str]]]] = []
        """`service:Action` and the parameters, in order."""
        self.refused: dict[str, int] = {}
        """After how many calls a `service:Action` is refused."""
        self.answers: dict[str, str] = {}
        """What is answered instead of moto's answer, as XML."""
        self._moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        self._moto.start()
        self._address = self._moto.get_host_and_port()
        aws = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status, content = aws._answer(self.path, body, dict(self.headers.items()))
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name is the base class's
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        self._clients: dict[str, Any] = {}

    def client(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = boto3.client(
                service,
                region_name=REGION,
                endpoint_url=f"http://127.0.0.1:{self._server.server_port}",
                aws_access_key_id="made-up",
                aws_secret_access_key="made-up",
                config=Config(retries={"total_max_attempts": 1}),
            )
        return self._clients[service]

    def counts(self) -> dict[str, int]:
        return dict(Counter(action for action, _ in self.calls))

    def _answer(self, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        parameters = parse_qs(body.decode())
        service = _VERSIONS[parameters["Version"][0]]
        action = f"{service}:{parameters['Action'][0]}"
        earlier = self.counts().get(action, 0)
        self.calls.append((action, parameters))
        if earlier >= self.refused.get(action, earlier + 1):
            return 403, _REFUSED[service].encode()
        if action in self.answers:
            return 200, self.answers[action].encode()
        connection = HTTPConnection(*self._address)
        try:
            connection.request("POST", path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def forget(self) -> None:
        """Begin again with nothing."""
        self.calls, self.refused, self.answers = [], {}, {}
        connection = HTTPConnection(*self._address)
        connection.request("POST", "/moto-api/reset")
        connection.getresponse().read()
        connection.close()

    def close(self) -> None:
        for client in self._clients.values():
            client.close()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._moto.stop()
