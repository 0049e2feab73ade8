"""The server's setting that lets pictures follow the mouse: small messages are not held back."""

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection

from course import server
from course.lab import SETTINGS

START = """
from jupyter_server.serverapp import ServerApp
app = ServerApp()
app.initialize(["--no-browser", "--allow-root", "--ServerApp.log_level=CRITICAL"], new_httpserver=False)
print(app.web_app.settings["kernel_websocket_connection_class"].__module__)
"""


def connection_class(config):
    environment = {**os.environ, "JUPYTER_CONFIG_PATH": str(config)}
    run = subprocess.run([sys.executable, "-c", START], env=environment, capture_output=True, text=True, check=True)
    return run.stdout.split()[-1]


def test_the_server_of_make_lab_sends_at_once():
    assert connection_class(SETTINGS) == "course.server"


def test_the_wheel_enables_the_same_extension():
    setting = SETTINGS / "jupyter_server_config.d" / "networks-by-hand.json"
    assert json.loads(setting.read_text()) == {"ServerApp": {"jpserver_extensions": {"course.server": True}}}
    project = (Path(__file__).parent.parent / "pyproject.toml").read_text()
    assert '= "etc/jupyter/jupyter_server_config.d/networks-by-hand.json"' in project


def test_connecting_sets_tcp_nodelay_first(monkeypatch):
    calls = []

    class Handler:
        def set_nodelay(self, value):
            calls.append(value)

    class Connection(server.PromptConnection):
        websocket_handler = Handler()

        def __init__(self):
            pass

    monkeypatch.setattr(ZMQChannelsWebsocketConnection, "connect", lambda self: calls.append("connected"))
    Connection().connect()
    assert calls == [True, "connected"]


def test_a_server_with_a_connection_of_its_own_keeps_it():
    settings = {"kernel_websocket_connection_class": ZMQChannelsWebsocketConnection}
    app = SimpleNamespace(web_app=SimpleNamespace(settings=settings))
    server._load_jupyter_server_extension(app)
    assert settings["kernel_websocket_connection_class"] is server.PromptConnection
    settings["kernel_websocket_connection_class"] = dict
    server._load_jupyter_server_extension(app)
    assert settings["kernel_websocket_connection_class"] is dict
