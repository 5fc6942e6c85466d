"""Write the names of all ops into the doors of graphnn.ops and of graphnn: run it after adding an op.

    python docs/make_names.py

Type checkers and editors read literal lists only, so the doors hold copies of what the modules of ops list.
"""

from __future__ import annotations

import ast
import re
import textwrap
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1] / "graphnn"
HEAD = '''"""Every op that graphnn declares, by name; importing this room fills the registry and proves it complete.

A module lists in its `__all__` what readers use: its ops, and functions that build them. No module is named like an
op, or importing it would hide the op. docs/make_names.py writes this file.
"""

from __future__ import annotations

from graphnn.core.registry import OPS as _OPS
'''
TAIL = """
for _record in tuple(_OPS.values()):
    if _record.role == "op":
        _record.check_complete()

"""


def listed(path: Path) -> list[str]:
    """The names in the module's `__all__`, without importing it."""
    found: list[str] = []
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__":
            found += ast.literal_eval(node.value)
    return found


def block(opening: str, names: list[str]) -> str:
    """A literal list, many names a line, in plain order: log10 before log2, which ruff would turn."""
    words = textwrap.fill(", ".join(f'"{name}"' for name in names), 110, initial_indent="    ",
                          subsequent_indent="    ", break_long_words=False)  # fmt: skip
    return f"{opening} [  # noqa: RUF022\n{words},\n]  # fmt: skip\n"


def main() -> None:
    """Write both doors."""
    modules = {path.stem: listed(path) for path in sorted((PACKAGE / "ops").glob("[!_]*.py"))}
    names = sorted(name for found in modules.values() for name in found)
    imports = "".join(f"from graphnn.ops.{stem} import *\n" for stem, found in modules.items() if found)
    (PACKAGE / "ops" / "__init__.py").write_text(HEAD + imports + TAIL + block("__all__ =", names), "utf-8")
    door = PACKAGE / "__init__.py"
    text = re.sub(r"__all__ \+= .*\Z", "", door.read_text("utf-8"), flags=re.DOTALL)
    door.write_text(text + block("__all__ +=", names), "utf-8")


if __name__ == "__main__":
    main()
