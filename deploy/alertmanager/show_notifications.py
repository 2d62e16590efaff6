"""Prints what Alertmanager sends to http://127.0.0.1:9099, the receivers' address until you have put in your own.

    python3 deploy/alertmanager/show_notifications.py [--port 9099] [--json]

One notification is one line for what it is about, and two for each of its alerts. `--json`: one JSON object a line, as
Alertmanager sends it, with the receiver's path beside it. Needs Python alone.
"""

import argparse
import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

# Failure prevented: whoever reaches the port could have any amount read. A notification of 100 alerts takes 200 KB.
MOST_BYTES = 10_000_000


def lines(receiver: str, told: dict[str, Any]) -> list[str]:
    """A notification in words."""
    firing = sum(one["status"] == "firing" for one in told["alerts"])
    found = [f"{receiver.upper()}  {told['status']}: {firing} firing, {len(told['alerts']) - firing} resolved"]
    for one in told["alerts"]:
        words = one["annotations"]
        found.append(f"  {one['status']:<8} {one['labels'].get('alertname')}  {words.get('summary', '')}")
        found.append(f"           {words.get('runbook_url', '')}")
    return found


class Receiver(BaseHTTPRequestHandler):
    """Takes notifications and prints them."""

    as_json = False

    def do_POST(self) -> None:
        """Print what was sent; what is no notification is answered with 400."""
        receiver = self.path.strip("/")
        try:
            size = int(self.headers.get("Content-Length", 0))  # a negative one would be all that comes
            told = json.loads(self.rfile.read(max(0, min(size, MOST_BYTES))))
            shown = [json.dumps({"receiver": receiver, **told})] if self.as_json else lines(receiver, told)
        except (ValueError, KeyError, TypeError, AttributeError) as fault:
            print(f"not a notification of Alertmanager: {fault!r}", file=sys.stderr)  # noqa: T201
            self.send_error(400)
            return
        print("\n".join(shown), flush=True)  # noqa: T201
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Silence: the notifications are what is to be read."""


def main() -> None:
    """Serve until Ctrl-C."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=9099)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    Receiver.as_json = chosen.json
    try:
        server = ThreadingHTTPServer(("127.0.0.1", chosen.port), Receiver)
    except OSError as fault:
        sys.exit(
            f"the port cannot be used; got: 127.0.0.1:{chosen.port}: {fault.strerror}; expected: a free one; "
            "to do: --port N, and the same in the receivers of alertmanager.yml"
        )
    print(f"waiting for notifications on http://127.0.0.1:{server.server_port}", file=sys.stderr, flush=True)  # noqa: T201
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        return


if __name__ == "__main__":
    main()
