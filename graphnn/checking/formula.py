"""Write an op's formulas: its LaTeX templates with the names of operands and attributes put in."""

from __future__ import annotations

import re

from graphnn.core.errors import DeclarationError, did_you_mean
from graphnn.core.op import Op

__all__ = ["formula", "slope_formulas", "unknown_names"]

GREEK = {
    name: rf"\{name}"
    for name in ("alpha", "beta", "gamma", "delta", "epsilon", "theta", "kappa", "mu", "rho", "sigma", "tau")
} | {"lam": r"\lambda", "eps": r"\varepsilon"}
# A command's own argument, as in \operatorname{softmax}, is a word and not a name of the op's.
_WORDS = (
    "operatorname", "mathrm", "mathit", "mathbf", "mathsf", "mathtt", "mathcal", "mathbb", "text", "textrm",
    "textit", "begin", "end", "mathbin", "mathrel", "mathop", "boldsymbol", "left", "right",
)  # fmt: skip
_NAME = re.compile(r"(\\[A-Za-z]+\*?\{?)?\{([A-Za-z_]\w*)\}")


def formula(record: Op) -> str:
    r"""The op's formula in LaTeX, as `y = \max(0,\, x)`.

    Raises DeclarationError if the template names what the op does not have.
    """
    return f"{_letters(record.signature.output.name)} = {_filled(record, record.latex)}"


def slope_formulas(record: Op) -> list[str]:
    r"""One line of LaTeX for each operand, as `\frac{\partial y}{\partial x} = 2\, x`."""
    y = _letters(record.signature.output.name)
    return [
        rf"\frac{{\partial {y}}}{{\partial {_letters(port)}}} = {_filled(record, slope)}"
        for port, slope in zip(record.ports, record.slopes, strict=False)  # some have none
    ]


def unknown_names(record: Op, template: str) -> list[str]:
    """The words that the template puts in braces and that the op does not have; `{nc}` may be a product."""
    return [
        name
        for command, name in _NAME.findall(template)
        if command.strip("\\{") not in _WORDS and len(name) > 2 and name not in _names(record)
    ]


def _names(record: Op) -> list[str]:
    return [*record.ports, record.signature.output.name, *record.attribute_names]


def _filled(record: Op, template: str) -> str:
    known = _names(record)
    for name in unknown_names(record, template):
        raise DeclarationError(
            f"{record.name}: the formula {template!r} speaks of {{{name}}}, which is no operand, output or "
            f"attribute of the op.{did_you_mean(name, known)}"
        )

    def put(match: re.Match[str]) -> str:
        command, name = match[1] or "", match[2]
        if command.strip("\\{") in _WORDS or name not in known:
            return match[0]
        return f"{command}{{{_letters(name)}}}"

    return _NAME.sub(put, template)


def _letters(name: str) -> str:
    """A name as mathematics writes it: letters stay, Greek ones are drawn, words stand upright."""
    stem, digits = re.fullmatch(r"(.*?)_?(\d*)", name).groups()  # type: ignore[union-attr]
    word = GREEK.get(stem) or (stem if len(stem) == 1 else rf"\mathrm{{{stem.replace('_', chr(92) + ' ')}}}")
    return f"{word}_{{{digits}}}" if digits else word
