"""The server's setting that lets pictures follow the mouse: small messages are not held back."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from jupyter_client.session import Session
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


@pytest.fixture
def connection(monkeypatch):
    """A connection without a server: what it passes on stands in `passed`."""

    class Connection(server.PromptConnection):
        def __init__(self):
            self.session, self.passed = Session(key=b"key"), []

    def pass_on(self, stream, message):
        parts = self.session.feed_identities(message)[1]
        self.passed.append(self.session.deserialize(parts))

    monkeypatch.setattr(ZMQChannelsWebsocketConnection, "handle_outgoing_message", pass_on)
    monkeypatch.setattr(ZMQChannelsWebsocketConnection, "disconnect", lambda self: None)
    monkeypatch.setattr(server, "PATIENCE", 0.05)
    return Connection()


def said(connection, kind, content, parent):
    """A message as the kernel sends it, from its iopub socket."""
    session = connection.session
    return session.serialize(session.msg(kind, content, parent=parent))


def hear(connection, *steps):
    """Hand over messages, or wait for seconds; gives what was passed on, by kind and state."""

    async def run():
        for step in steps:
            if isinstance(step, float):
                await asyncio.sleep(step)
            else:
                connection.handle_outgoing_message("iopub", step)

    asyncio.run(run())
    return [(message["msg_type"], message["content"].get("execution_state")) for message in connection.passed]


def work(connection, kind):
    """That the kernel is busy with a message of this kind, an answer, and that it is idle again."""
    parent = connection.session.msg(kind, {})
    return (
        said(connection, "status", {"execution_state": "busy"}, parent),
        said(connection, "comm_msg", {"data": {}}, parent),
        said(connection, "status", {"execution_state": "idle"}, parent),
    )


def test_short_work_for_a_widget_is_not_spoken_of(connection):
    busy, answer, idle = work(connection, "comm_msg")
    assert hear(connection, busy, answer, idle, 0.2) == [("comm_msg", None), ("status", "idle")]


def test_work_for_a_widget_that_lasts_is_spoken_of(connection):
    busy, answer, idle = work(connection, "comm_msg")
    expected = [("status", "busy"), ("comm_msg", None), ("status", "idle")]
    assert hear(connection, busy, 0.2, answer, idle) == expected


def test_other_work_is_spoken_of_at_once(connection):
    assert hear(connection, *work(connection, "execute_request"))[0] == ("status", "busy")


def test_two_questions_at_once_are_kept_apart(connection):
    (first, _, first_done), (second, _, second_done) = work(connection, "comm_msg"), work(connection, "comm_msg")
    assert hear(connection, first, second, first_done, 0.2, second_done) == [
        ("status", "idle"),
        ("status", "busy"),
        ("status", "idle"),
    ]


def test_nothing_is_said_after_the_page_has_gone(connection):
    busy, _, _ = work(connection, "comm_msg")

    async def run():
        connection.handle_outgoing_message("iopub", busy)
        connection.disconnect()
        await asyncio.sleep(0.2)

    asyncio.run(run())
    assert connection.passed == []


def test_what_is_no_message_is_left_to_the_stock_connection(connection, monkeypatch):
    passed = []
    monkeypatch.setattr(
        ZMQChannelsWebsocketConnection, "handle_outgoing_message", lambda self, stream, message: passed.append(message)
    )
    for broken in ([], [b"<IDS|MSG>", b"signature"], [b"<IDS|MSG>", b"s", b'{"status"', b"", b"", b""]):
        connection.handle_outgoing_message("iopub", broken)
    assert len(passed) == 3


def test_a_server_with_a_connection_of_its_own_keeps_it():
    settings = {"kernel_websocket_connection_class": ZMQChannelsWebsocketConnection}
    app = SimpleNamespace(web_app=SimpleNamespace(settings=settings))
    server._load_jupyter_server_extension(app)
    assert settings["kernel_websocket_connection_class"] is server.PromptConnection
    settings["kernel_websocket_connection_class"] = dict
    server._load_jupyter_server_extension(app)
    assert settings["kernel_websocket_connection_class"] is dict
