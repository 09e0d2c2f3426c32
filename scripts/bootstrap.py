"""Sets up what `make` needs: `python scripts/bootstrap.py STEP...`, with nothing but Python's own library.

Steps, each standing on those before it:

    python    .venv with every package of constraints.txt, and jigai itself, editable
    node      node_modules by package-lock.json, with the Node.js of .venv
    bundle    web/static/dist from web/frontend
    texts     the compiled catalogues of web/translations, one for each language
    system    Chromium, Chinese fonts and pdfsig from the system's packages, where we are root

A step is done when the hash of all it reads stands in its stamp, so a second run takes no time, and a
changed lock file or source runs again exactly the steps that read it. What a program prints goes to
var/setup.log; here appears one line for each step and a sign of life every few seconds.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
import time
import tomllib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMPS = VENV / ".stamps"
LOG = ROOT / "var" / "setup.log"
SIGN_OF_LIFE = 5.0  # seconds
COMPLAINTS = ("WARNING:", "npm warn")  # about the machine's configuration: for the log, nothing to wait for
STARTED = time.monotonic()


class SetupError(Exception):
    """A step that could not be done; the message says what to do about it."""


def say(sentence: str) -> None:
    """Print one line of progress, after the seconds since the beginning."""
    print(f"[{time.monotonic() - STARTED:6.1f} s] {sentence}", flush=True)


def run(*command: str | Path, doing: str, environment: dict[str, str] | None = None) -> None:
    """Run a program of the set-up: its output goes to the log, the latest line of it now and then here.

    Raises `SetupError` with the end of the output when the program fails.
    """
    say(doing)
    LOG.parent.mkdir(exist_ok=True)
    arguments = [str(part) for part in command]
    path = f"{VENV / 'bin'}{os.pathsep}{os.environ['PATH']}"
    lines: list[str] = []
    shown = ""
    process = subprocess.Popen(
        arguments,
        cwd=ROOT,
        env={**os.environ, "PATH": path, **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )

    def read_output() -> None:
        with LOG.open("a", encoding="utf-8") as log:
            log.write(f"\n$ {' '.join(arguments)}\n")
            for line in process.stdout or ():
                log.write(line)
                log.flush()
                if line.strip() and not line.startswith(COMPLAINTS):
                    lines.append(line.strip())

    reader = threading.Thread(target=read_output, daemon=True)
    reader.start()
    try:
        while True:
            try:
                status = process.wait(SIGN_OF_LIFE)
                break
            except subprocess.TimeoutExpired:
                latest = lines[-1][:90] if lines else ""
                say(f"    … {latest if latest != shown else 'still at it'}")
                shown = latest
    except KeyboardInterrupt:
        process.terminate()
        process.wait()
        raise
    reader.join()
    if status != 0:
        tail = "\n".join(f"    {line}" for line in lines[-30:])
        raise SetupError(f"failed with status {status}: {' '.join(arguments)}\n{tail}\n(all of it: {LOG})")


def files_under(folder: Path) -> list[Path]:
    """Every file in a folder and below, in a fixed order."""
    return sorted(path for path in folder.rglob("*") if path.is_file())


def fingerprint(files: Iterable[Path], *more: str) -> str:
    """A hash over the names and bytes of files and over `more`."""
    digest = hashlib.sha256()
    for file in files:
        content = file.read_bytes()
        digest.update(f"{file.relative_to(ROOT)} {len(content)}\n".encode() + content)
    digest.update("\n".join(more).encode())
    return digest.hexdigest()


def once(name: str, reads: Iterable[Path], makes: Path, action: Callable[[], None], *more: str) -> None:
    """Do `action`, unless its result `makes` is there and was made from the same `reads` and `more`."""
    stamp = STAMPS / name
    current = fingerprint(reads, *more)
    if makes.exists() and stamp.exists() and stamp.read_text() == current:
        return
    stamp.unlink(missing_ok=True)
    action()
    STAMPS.mkdir(parents=True, exist_ok=True)
    stamp.write_text(current)


def set_up_python() -> None:
    """Make .venv and install constraints.txt and the checkout into it."""
    version = ".".join(map(str, sys.version_info[:3]))
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())
    # Not the settings of ruff or pytest: they change nothing of what is installed.
    installs = [declared["build-system"], declared["project"], declared["tool"]["setuptools"]]
    pinned = sum(1 for line in (ROOT / "constraints.txt").read_text().splitlines() if "==" in line)

    def install() -> None:
        make_venv(version)
        # setuptools first and no build isolation: the constraints hold for what builds, too.
        pip_install("setuptools", doing="python: setuptools")
        editable = ("--no-build-isolation", "--editable", ".[dev]")
        pip_install(*editable, doing=f"python: {pinned} packages of constraints.txt (about a minute)")

    reads = [ROOT / "constraints.txt"]
    once("python", reads, VENV / "bin" / "python", install, version, str(ROOT), json.dumps(installs))


def pip_install(*arguments: str, doing: str) -> None:
    """Run `pip install` by the constraints."""
    # Byte code is made at the first import, of what is imported: making all of it takes a third of the time.
    pip = (
        VENV / "bin" / "python",
        "-m",
        "pip",
        "install",
        "--disable-pip-version-check",
        "--progress-bar=off",
    )
    run(*pip, "--no-compile", "--constraint=constraints.txt", *arguments, doing=doing)


def make_venv(version: str) -> None:
    """Make an empty virtual environment, anew if there is one: pip never removes what nobody wants now."""
    try:
        import ensurepip  # noqa: F401  Debian keeps it in a package of its own
    except ImportError:
        package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
        if not install_system_packages([package], why="Python's venv module"):
            raise SetupError(f"this Python lacks its venv module: apt-get install {package}") from None
    shutil.rmtree(VENV, ignore_errors=True)
    run(sys.executable, "-m", "venv", VENV, doing=f"python: .venv with Python {version}")


def set_up_node() -> None:
    """Install node_modules exactly by the lock file, running no package's scripts."""
    npm = (VENV / "bin" / "npm", "ci", "--ignore-scripts", "--no-progress")
    once(
        "node",
        [ROOT / "package.json", ROOT / "package-lock.json", ROOT / ".npmrc"],
        ROOT / "node_modules",
        lambda: run(*npm, doing="node: node_modules by package-lock.json (about half a minute)"),
    )


def bundle() -> None:
    """Bundle scripts, styles and fonts for the browser."""
    frontend = ROOT / "web" / "frontend"
    once(
        "bundle",
        [ROOT / "package-lock.json", *files_under(frontend)],
        ROOT / "web" / "static" / "dist" / "manifest.json",
        lambda: run(
            VENV / "bin" / "node",
            frontend / "build.mjs",
            doing="bundle: web/frontend into web/static/dist",
        ),
    )


def compile_texts() -> None:
    """Compile what translators wrote, for gettext to read."""
    for catalogue in sorted((ROOT / "web" / "translations").rglob("*.po")):
        language, compiled = catalogue.parent.parent.name, catalogue.with_suffix(".mo")
        command = (VENV / "bin" / "python", "-m", "babel.messages.frontend", "--quiet", "compile")
        files = ("--input-file", catalogue, "--output-file", compiled)
        doing = f"texts: the catalogue of {language}"
        once(f"texts-{language}", [catalogue], compiled, partial(run, *command, *files, doing=doing))


def set_up_system() -> None:
    """Install the programs that tests need, where that is possible, and say loudly where it is not."""
    missing = []
    if not any(shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome")):
        missing.append("chromium")
    if not has_chinese_fonts():
        missing.append("fonts-noto-cjk")
    if not shutil.which("pdfsig"):
        missing.append("poppler-utils")
    if not missing:
        return
    incomplete = f"system: NOT COMPLETE, missing {', '.join(missing)}"
    # Whatever needs none of them can be tested all the same, so this is no reason to stop.
    try:
        if not install_system_packages(missing, why="tests"):
            say(f"{incomplete}: only root can install them, with apt-get")
    except SetupError as error:
        say(f"{incomplete}: {error}")


def has_chinese_fonts() -> bool:
    """Whether fontconfig knows a font for Simplified Chinese."""
    if not shutil.which("fc-list"):
        return False
    return bool(subprocess.run(["fc-list", ":lang=zh-cn"], capture_output=True, check=False).stdout.strip())


def install_system_packages(packages: list[str], *, why: str) -> bool:
    """Install Debian packages; False where we are not root or there is no apt-get."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return False
    quietly = {"DEBIAN_FRONTEND": "noninteractive"}
    run("apt-get", "update", "-q", doing=f"system: package lists, for {why}", environment=quietly)
    install = ("apt-get", "install", "-q", "-y", "--no-install-recommends", *packages)
    run(*install, doing=f"system: {' '.join(packages)} (about a minute)", environment=quietly)
    return True


STEPS = {
    "python": set_up_python,
    "node": set_up_node,
    "bundle": bundle,
    "texts": compile_texts,
    "system": set_up_system,
}


@contextmanager
def alone() -> Iterator[None]:
    """Wait until no other set-up of this checkout runs: two at once would take each other's files away."""
    LOG.parent.mkdir(parents=True, exist_ok=True)
    with (LOG.parent / "setup.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another set-up of this folder is running; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def main(names: list[str]) -> int:
    """Do the named steps; 0 when all are done, 1 with a sentence when one is not."""
    unknown = [name for name in names if name not in STEPS]
    if unknown or not names:
        print(f"usage: bootstrap.py STEP..., each of: {' '.join(STEPS)}", file=sys.stderr)
        return 2
    try:
        with alone():
            for name in names:
                STEPS[name]()
    except SetupError as error:
        say(f"STOPPED: {error}")
        return 1
    except KeyboardInterrupt:
        say("stopped; what was finished is kept")
        return 130
    if time.monotonic() - STARTED > 1:
        say("set up: " + ", ".join(names))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
