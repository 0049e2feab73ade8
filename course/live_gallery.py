"""The live gallery's server: Voilà, with the list of the demos as its first page.

Run as `python -m course.live_gallery FOLDER [options of Voilà]`; FOLDER holds a notebook for each demo, see `course.gallery`.
"""

from __future__ import annotations

from typing import Any

from tornado.web import RequestHandler
from voila.app import Voila

from course.gallery import index_page


class FirstPage(RequestHandler):
    """The list of all demos."""

    def initialize(self, base: str) -> None:
        self.base = base

    def get(self) -> None:
        self.finish(index_page(lambda demo: f"{self.base}voila/render/{demo.page}.ipynb"))


class LiveGallery(Voila):
    """Voilà without its list of files."""

    def init_handlers(self) -> list[Any]:
        return [(self.server_url, FirstPage, {"base": self.base_url}), *super().init_handlers()]


if __name__ == "__main__":
    LiveGallery.launch_instance()
