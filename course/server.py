"""Pictures that follow the mouse: Jupyter's server, told not to hold back small messages, and not to speak of short work.

The stock server leaves Nagle's algorithm on, so that of two messages close together the second waits some 40 ms. And it tells the
page at once that the kernel is busy with a widget's question, so that JupyterLab draws its signs of work anew, twice a picture,
in the very frames that the picture needs: 40 pictures a second become 57 without. This server extension turns the first off
for the sockets to kernels, and tells of work for a widget only when it lasts. `jupyter_server_config.d/networks-by-hand.json`
enables it, in the folder that `make lab` names and, from the wheel, in the environment's `etc/jupyter`. (Jupyter reads nothing
but extensions from that folder: `ServerApp.kernel_websocket_connection_class` would be passed over there.)
"""

from __future__ import annotations

import json
from typing import Any

from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection
from tornado.ioloop import IOLoop
from traitlets import Dict

PATIENCE = 0.15  # seconds of work for a widget until the page hears that the kernel is busy
_HEADER, _PARENT, _CONTENT = 1, 2, 4  # where they lie in a message, behind its signature


class PromptConnection(ZMQChannelsWebsocketConnection):
    """The stock connection between a page and its kernel, with TCP_NODELAY set and short work left unsaid."""

    # by the number of a widget's message, the timer that will say that the kernel is busy with it
    _unsaid: dict[str, Any] = Dict()

    def connect(self) -> Any:
        """Connect as usual, on a socket that sends at once."""
        self.websocket_handler.set_nodelay(True)
        return super().connect()

    def handle_outgoing_message(self, stream: Any, outgoing_msg: list[Any]) -> None:
        """Pass on what the kernel says; that it is busy with a widget's message, only if it still is after PATIENCE."""
        question, state = self._work_for_a_widget(outgoing_msg)
        if state == "busy":
            self._unsaid[question] = IOLoop.current().call_later(PATIENCE, self._say, question, stream, outgoing_msg)
            return
        if state == "idle" and question in self._unsaid:
            IOLoop.current().remove_timeout(self._unsaid.pop(question))
        super().handle_outgoing_message(stream, outgoing_msg)

    def disconnect(self) -> None:
        """Disconnect as usual; what is still unsaid stays so."""
        while self._unsaid:
            IOLoop.current().remove_timeout(self._unsaid.popitem()[1])
        super().disconnect()

    def _say(self, question: str, stream: Any, message: list[Any]) -> None:
        self._unsaid.pop(question, None)
        super().handle_outgoing_message(stream, message)

    def _work_for_a_widget(self, message: list[Any]) -> tuple[str, str]:
        """The number of the widget's message and "busy" or "idle", if that is what is said; else two empty texts."""
        try:
            parts = self.session.feed_identities(message)[1]
            if b'"status"' in bytes(parts[_HEADER]) and json.loads(bytes(parts[_HEADER]))["msg_type"] == "status":
                parent = json.loads(bytes(parts[_PARENT]))
                if parent.get("msg_type") == "comm_msg":
                    return parent["msg_id"], json.loads(bytes(parts[_CONTENT]))["execution_state"]
        except (ValueError, KeyError, IndexError, AttributeError):
            pass  # no message of the usual form: the stock connection knows what to do
        return "", ""


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "course.server"}]


def _load_jupyter_server_extension(app: Any) -> None:
    """Take the place of the stock connection; a server with one of its own, a gateway's say, keeps it."""
    if app.web_app.settings.get("kernel_websocket_connection_class") is ZMQChannelsWebsocketConnection:
        app.web_app.settings["kernel_websocket_connection_class"] = PromptConnection
