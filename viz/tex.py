r"""Formulas of ops: fill in names or numbers, and write TeX as plain text where TeX cannot be drawn.

>>> from viz.tex import filled, plain
>>> filled(r"\frac{1}{{b}}", {"b": "-3"})
'\\frac{1}{-3}'
>>> plain(r"\frac{1}{2 \sqrt{x}}"), plain(r"1 - y^2"), plain(r"w^\top")
('1/(2 √x)', '1 − y²', 'wᵀ')
"""

from __future__ import annotations

import re
from collections.abc import Mapping

__all__ = ["filled", "letters", "plain", "tex_number"]

_SYMBOLS = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "varepsilon": "ε", "lambda": "λ",
    "mu": "μ", "pi": "π", "sigma": "σ", "phi": "φ", "varphi": "φ", "Phi": "Φ", "theta": "θ", "tau": "τ",
    "rho": "ρ", "kappa": "κ", "omega": "ω", "cdot": "·", "times": "×", "odot": "⊙", "otimes": "⊗",
    "oplus": "⊕", "sum": "Σ", "prod": "Π", "int": "∫", "infty": "∞", "le": "≤", "leq": "≤", "ge": "≥",
    "geq": "≥", "ne": "≠", "neq": "≠", "pm": "±", "mp": "∓", "lnot": "¬", "land": "∧", "lor": "∨",
    "in": "∈", "to": "→", "rightarrow": "→", "partial": "∂", "nabla": "∇", "top": "ᵀ", "lfloor": "⌊",
    "rfloor": "⌋", "lceil": "⌈", "rceil": "⌉", "ldots": "…", "cdots": "…", "dots": "…", "mid": "|",
    "vert": "|", "Vert": "‖", "lVert": "‖", "rVert": "‖", "|": "‖", "star": "⋆", "ast": "∗", "circ": "∘",
    "langle": "⟨", "rangle": "⟩", "approx": "≈", "equiv": "≡", "propto": "∝", "bmod": " mod ", "ell": "ℓ",
    "quad": " ", "qquad": " ", ",": " ", ";": " ", ":": " ", "!": "", " ": " ", "{": "{", "}": "}",
    "_": "_", "%": "%", "#": "#", "&": "&", "left": "", "right": "", "bigl": "", "bigr": "", "big": "",
    "displaystyle": "", "textstyle": "", "prime": "′",
}  # fmt: skip
_FRACTIONS = {"frac", "tfrac", "dfrac"}
_PASS_ON = {
    "operatorname",
    "mathrm",
    "mathbf",
    "mathit",
    "mathsf",
    "text",
    "mathbin",
    "mathrel",
    "boldsymbol",
    "mathcal",
}
_ACCENTS = {"hat": "\u0302", "bar": "\u0304", "tilde": "\u0303", "dot": "\u0307", "vec": "\u20d7"}
_ABOVE = str.maketrans("0123456789+-−=()nijkT", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿⁱʲᵏᵀ")
_BELOW = str.maketrans("0123456789+-−=()aeijknx", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎ₐₑᵢⱼₖₙₓ")


def filled(template: str, texts: Mapping[str, str]) -> str:
    """The formula with each place `{name}` filled by its text; other braces are TeX's own and stay.

    Numbers that come to stand beside each other get a dot between them: 2 and 1.5 are not 21.5.
    """
    found = ""
    at = 0
    for match in re.finditer(r"\{([A-Za-z_]\w*)\}", template):
        name = match.group(1)
        if name in texts and not re.search(r"\\[A-Za-z]+$", template[: match.start()]):
            found = _beside(found, template[at : match.start()])
            found = _beside(found, texts[name])
            at = match.end()
    return _beside(found, template[at:])


def _beside(before: str, after: str) -> str:
    apart = before.rstrip()[-1:].isdigit() and after.lstrip()[:1].isdigit()
    return rf"{before.rstrip()} \cdot {after.lstrip()}" if apart else before + after


def letters(name: str) -> str:
    r"""A name as TeX: `x`, `w_1`, `\mathrm{weight}`."""
    simple = re.fullmatch(r"([A-Za-z])_?(\d+)", name)
    if simple:
        return f"{simple.group(1)}_{{{simple.group(2)}}}"
    if len(name) == 1 and name.isalpha():
        return name
    return (
        r"\mathrm{"
        + re.sub(r"[\\{}$&#^_%~]", lambda m: "\\" + m.group() if m.group() in "{}$&#_%" else " ", name)
        + "}"
    )


def tex_number(word: str) -> str:
    """A number of a drawing, as `viz.numbers.number` wrote it, in TeX."""
    word = word.replace("−", "-").replace("∞", r"\infty").replace("NaN", r"\mathrm{NaN}")
    base, found, power = word.partition("e")
    return rf"{base} \cdot 10^{{{power}}}" if found else word


def plain(tex: str) -> str:
    """TeX as one line of Unicode; what it does not know it leaves as a word."""
    text = _Reader(tex).all()
    text = re.sub(r" {2,}", " ", text).strip()
    return re.sub(r"^− ", "−", text.replace("-", "−"))


class _Reader:
    """Reads TeX from left to right; groups nest as deep as TeX that fits a line does."""

    def __init__(self, tex: str):
        self.tex, self.at = tex, 0

    def all(self) -> str:
        parts = []
        while self.at < len(self.tex):
            parts.append(self.piece())
        return "".join(parts)

    def piece(self) -> str:
        sign = self.tex[self.at]
        self.at += 1
        if sign == "{":
            return _Reader(self._group()).all()
        if sign in "^_":
            return self._script(sign)
        if sign == "\\":
            return self._command()
        return "" if sign in "}$&" else "′" if sign == "'" else sign

    def _group(self) -> str:
        """What stands up to the closing brace."""
        depth, start = 1, self.at
        while self.at < len(self.tex) and depth:
            if self.tex[self.at] == "\\":
                self.at += 1
            elif self.tex[self.at] in "{}":
                depth += 1 if self.tex[self.at] == "{" else -1
            self.at += 1
        return self.tex[start : self.at - 1 if not depth else self.at]

    def _argument(self) -> str:
        while self.at < len(self.tex) and self.tex[self.at] == " ":
            self.at += 1
        return self.piece() if self.at < len(self.tex) else ""

    def _script(self, sign: str) -> str:
        inside = self._argument()
        table = _ABOVE if sign == "^" else _BELOW
        if inside in ("′", "ᵀ", "*", "∗"):
            return inside
        if inside and all(ord(c) in table for c in inside):
            return inside.translate(table)
        return f"{sign}{inside}" if re.fullmatch(r"\w+|[+−-]", inside) else f"{sign}({inside})"

    def _command(self) -> str:
        match = re.compile(r"[A-Za-z]+|.", re.DOTALL).match(self.tex, self.at)
        if match is None:
            return ""
        word = match.group()
        self.at = match.end()
        if word in _FRACTIONS:
            top, bottom = self._argument(), self._argument()
            return f"{_closed(top)}/{_closed(bottom)}"
        if word == "sqrt":
            inside = self._argument()
            return f"√{inside}" if re.fullmatch(r"\w+", inside) else f"√({inside})"
        if word in _PASS_ON:
            return self._spaced(self._argument(), name=word == "operatorname")
        if word in _ACCENTS:
            return self._argument() + _ACCENTS[word]
        if word in _SYMBOLS:
            return _SYMBOLS[word]
        return self._spaced(word, name=True)

    def _spaced(self, word: str, *, name: bool) -> str:
        """A function's name keeps a distance to what follows, unless that is a bracket or a script."""
        follows = self.tex[self.at : self.at + 1]
        return word + (" " if name and (follows.isalnum() or follows == "\\") else "")


def _closed(text: str) -> str:
    """In brackets, if a fraction bar would otherwise take it apart."""
    return text if re.fullmatch(r"[\w.²³√′ᵀ]+", text) else f"({text})"
