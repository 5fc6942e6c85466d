"""Build the site into docs/build/site: `python docs/make_site.py [--no-lessons]`. Nothing is fetched from a network.

Lessons are run first (docs/run_lessons.py), the reference and the pages of ops are written from the code, then Sphinx
turns all into pages; its warnings are errors. Open docs/build/site/index.html: search works without a server.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
# Under `python -P` and PYTHONSAFEPATH a script's own folder is not searched by itself.
sys.path.insert(0, str(HERE))

import make_api  # noqa: E402
import make_op_pages  # noqa: E402

SITE = HERE / "build" / "site"


def write_pages() -> None:
    """The pages that are made from the code."""
    make_api.main()
    make_op_pages.write(HERE / "ops")
    # Hundreds of ops in the tree of every page would be most of the page: an op is found by its table and by search.
    for path in sorted((HERE / "ops").glob("*.md")):
        if path.stem != "index":
            title, rest = path.read_text("utf-8").split("\n", 1)
            path.write_text(f"---\norphan: true\n---\n{title}\n\n[All ops](index.md)\n{rest}", "utf-8")


def sphinx() -> int:
    """Turn docs into pages; warnings are errors."""
    shutil.rmtree(SITE, ignore_errors=True)
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html", "-j", "3"]
    doctrees = HERE / "build" / "doctrees"
    return subprocess.run([*command, "-d", str(doctrees), str(HERE), str(SITE)], check=False).returncode


def main() -> int:
    """Build what the command line asks for; 0 where all went well."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--no-lessons", action="store_true", help="take the lessons as they were run last")
    chosen = parser.parse_args()
    if not chosen.no_lessons:
        run = [sys.executable, str(HERE / "run_lessons.py"), "--jobs", "2"]
        failed = subprocess.run(run, check=False).returncode
        if failed:
            return failed
    write_pages()
    failed = sphinx()
    if not failed:
        sys.stdout.write(f"{SITE / 'index.html'}\n")
    return failed


if __name__ == "__main__":
    sys.exit(main())
