"""Pictures that follow the mouse: Jupyter's server, told not to hold back small messages.

The stock server leaves Nagle's algorithm on, so that of two messages close together the second waits some 40 ms. This
server extension turns it off for the sockets to kernels. `jupyter_server_config.d/networks-by-hand.json` enables it, in
the folder that `make lab` names and, from the wheel, in the environment's `etc/jupyter`. (Jupyter reads nothing but
extensions from that folder: `ServerApp.kernel_websocket_connection_class` would be passed over there.)
"""

from typing import Any

from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection


class PromptConnection(ZMQChannelsWebsocketConnection):
    """The stock connection between a page and its kernel, with TCP_NODELAY set."""

    def connect(self) -> Any:
        """Connect as usual, on a socket that sends at once."""
        self.websocket_handler.set_nodelay(True)
        return super().connect()


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "course.server"}]


def _load_jupyter_server_extension(app: Any) -> None:
    """Take the place of the stock connection; a server with one of its own, a gateway's say, keeps it."""
    if app.web_app.settings.get("kernel_websocket_connection_class") is ZMQChannelsWebsocketConnection:
        app.web_app.settings["kernel_websocket_connection_class"] = PromptConnection
