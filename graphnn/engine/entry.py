"""The generated source of a kernel entry: unpack a page into arrays, call the kernel, give its status.

Layout of a page, in int64 words: for each operand and then the output its address and its dims in the kernel's
view; then the kernel's integer arguments.
"""

from __future__ import annotations

import numpy as np

# The status of a kernel that raised, or returned a value that nobody asked for.
RAISED = -(2**63)


def entry_source(ports: list[tuple[str, int, np.dtype, str]], ints: int, *, reports: bool) -> str:
    """The Python source of an entry. `ports` are (name, ndim, dtype, how); how is "", "still" or another port."""
    lines, at, call = ["def entry(page):"], 0, []
    for name, ndim, dtype, how in ports:
        if how in ("", "still"):
            lines.append(f"    {name} = array_at(page, {at}, {ndim}, {_spell(dtype)}, {int(how == 'still')})")
            at += 1 + ndim
        else:
            lines.append(f"    {name} = {how}")
        call.append(name)
    call += [f"page[{at + k}]" for k in range(ints)]
    run = f"kernel({', '.join(call)})"
    if reports:
        lines.append(f"    return np.int64({run})")
    else:  # whether the kernel returns a value is known, and costs nothing, when it is compiled
        lines.append(f"    return np.int64(0 if {run} is None else {RAISED})")
    return "\n".join(lines)


def _spell(dtype: np.dtype) -> str:
    return "np.bool_" if dtype == np.bool_ else f"np.{dtype}"
