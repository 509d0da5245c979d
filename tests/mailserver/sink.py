"""The world outside: a small SMTP server that takes every message that leaves the machine."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

REFUSED: Final = "nikt@daleko.example"  # the one that gets no mail


@dataclass(frozen=True, slots=True)
class Received:
    """A message that has left the server."""

    sender: str
    recipients: list[str]
    text: str


@contextmanager
def running_sink(received: list[Received]) -> Iterator[int]:
    """Take every message into the list until the block ends; yield the port."""

    class Session(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.say("220 sink ready")
            sender, recipients = "", []
            while line := self.rfile.readline().decode().strip():
                command = line[:4].upper()
                if command == "MAIL":
                    sender, recipients = address_in(line), []
                elif command == "RCPT" and address_in(line) == REFUSED:
                    self.say("550 5.1.1 nobody here")
                    continue
                elif command == "RCPT":
                    recipients.append(address_in(line))
                elif command == "DATA":
                    self.say("354 go on")
                    received.append(Received(sender, recipients, self.read_text()))
                elif command == "QUIT":
                    self.say("221 bye")
                    return
                self.say("250 ok")

        def say(self, line: str) -> None:
            self.wfile.write(line.encode() + b"\r\n")

        def read_text(self) -> str:
            lines = iter(self.rfile.readline, b".\r\n")
            return b"".join(lines).decode(errors="replace")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Session) as sink:
        sink.daemon_threads = True
        thread = threading.Thread(target=sink.serve_forever)
        thread.start()
        try:
            yield sink.server_address[1]
        finally:
            sink.shutdown()
            thread.join()


def address_in(line: str) -> str:
    return line.partition("<")[2].partition(">")[0]
