"""The one file of the front end that the package ships is what its sources give."""

import hashlib
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
STAGE = ROOT / "stage"
BUNDLE = ROOT / "course" / "stage" / "static" / "stage.js"


def source_hash():
    """As stage/build.mjs computes it."""
    digest = hashlib.sha256()
    names = sorted(f"src/{path.name}" for path in (STAGE / "src").iterdir())
    for name in ["build.mjs", "package-lock.json", *names]:
        digest.update(f"{name}\n".encode() + (STAGE / name).read_bytes())
    return digest.hexdigest()


def test_the_bundle_was_built_from_these_sources():
    recorded = re.search(r"built from (\w{64})", BUNDLE.read_text("utf-8"))[1]
    assert recorded == source_hash(), "run `npm run build` in stage/ and commit course/stage/static/stage.js"


def test_a_fresh_build_gives_the_bundle_byte_for_byte():
    if not shutil.which("node"):
        pytest.skip("no Node.js here; the hash of the sources is compared in any case")
    if not (STAGE / "node_modules" / "esbuild").is_dir():
        pytest.skip("esbuild is not installed in stage/ (npm ci); the hash of the sources is compared in any case")
    built = subprocess.run(["node", "build.mjs", "--check"], cwd=STAGE, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr


def test_the_bundle_is_small_and_names_no_host():
    text = BUNDLE.read_text("utf-8")
    assert len(text.encode()) <= 150_000
    # d3-interpolate names the namespace of SVG: a name, not an address
    assert set(re.findall(r"https?://[\w./]+", text)) <= {"http://www.w3.org/2000/svg"}


def test_the_lock_file_names_no_registry():
    assert "resolved" not in (STAGE / "package-lock.json").read_text("utf-8")
