"""The live gallery's server: Voilà, with the list of the demos as its first page.

Run as `python -m course.live_gallery FOLDER [options of Voilà]`; FOLDER holds a notebook for each demo, see `course.gallery`.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

from tornado.ioloop import IOLoop
from tornado.web import HTTPError, RequestHandler
from voila.app import Voila

from course import gallery

_painter = ThreadPoolExecutor(1)  # matplotlib draws in one thread at a time


class FirstPage(RequestHandler):
    """The list of all demos."""

    def initialize(self, base: str) -> None:
        self.base = base

    def get(self) -> None:
        page = gallery.index_page(
            lambda demo: f"{self.base}voila/render/{demo.page}.ipynb",
            lambda demo: f"{self.base}thumbnails/{demo.page}.png",
        )
        self.finish(page)


class Thumbnail(RequestHandler):
    """A demo's first picture, drawn when it is asked for."""

    async def get(self, page: str) -> None:
        self.set_header("Content-Type", "image/png")
        self.finish(await IOLoop.current().run_in_executor(_painter, thumbnail, page))


@cache
def thumbnail(page: str) -> bytes:
    """By the name of the demo's page. Raises HTTPError."""
    for demo in gallery.demos():
        if demo.page == page:
            return gallery.thumbnail(demo)
    raise HTTPError(404)


class LiveGallery(Voila):
    """Voilà without its list of files."""

    def init_handlers(self) -> list[Any]:
        base = self.server_url
        return [
            (base, FirstPage, {"base": self.base_url}),
            (rf"{base}thumbnails/([\w-]+)\.png", Thumbnail),
            *super().init_handlers(),
        ]


if __name__ == "__main__":
    LiveGallery.launch_instance()
