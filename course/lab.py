"""`python -m course.lab [FOLDER] [options of JupyterLab]`: the lectures in JupyterLab, on their start page."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

START = "index.md"
SETTINGS = Path(__file__).parent / "jupyter"  # found by JupyterLab as labconfig/default_setting_overrides.json


def has_display(environment: Mapping[str, str], platform: str) -> bool:
    """Whether a browser can show itself: always on macOS and Windows, elsewhere where X or Wayland says so."""
    return platform in ("darwin", "win32") or any(environment.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))


def options(folder: Path, display: bool, root: bool = False) -> list[str]:
    """JupyterLab's options for a folder of lectures.

    folder: opened on its start page, where it has one; display: False leaves the browser shut, and Jupyter prints the
    address; root: True inside most containers, where Jupyter asks to hear it in so many words (it listens to this
    machine alone, and wants its token)
    """
    start = f"/lab/tree/{START}" if (folder / START).exists() else "/lab"
    chosen = [f"--ServerApp.root_dir={folder}", f"--LabApp.default_url={start}", "--Application.log_level=WARN"]
    return chosen + ["--no-browser"] * (not display) + ["--allow-root"] * root


def main(arguments: list[str] | None = None) -> int:
    """Run JupyterLab until it is stopped; what follows the folder goes to JupyterLab."""
    arguments = sys.argv[1:] if arguments is None else arguments
    named = bool(arguments) and not arguments[0].startswith("-")
    folder = Path(arguments[0] if named else ".").resolve()
    if not folder.is_dir():
        print(f"{folder} is not a folder; name the one that holds the lectures.", file=sys.stderr)
        return 2
    paths = [str(SETTINGS), *os.environ.get("JUPYTER_CONFIG_PATH", "").split(os.pathsep)]
    os.environ["JUPYTER_CONFIG_PATH"] = os.pathsep.join(path for path in paths if path)  # kernels inherit it: harmless
    from jupyterlab.labapp import main as jupyter_lab

    root = hasattr(os, "geteuid") and os.geteuid() == 0
    chosen = options(folder, has_display(os.environ, sys.platform), root)
    return jupyter_lab([*chosen, *arguments[named:]]) or 0


if __name__ == "__main__":
    sys.exit(main())
