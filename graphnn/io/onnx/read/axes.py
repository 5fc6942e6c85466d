"""Name the axes of a model's inputs: those that the file leaves open become named axes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from graphnn.core.dims import Dim, DimLike, Shape, parse_dim
from graphnn.core.errors import OnnxError, SettingError, ShapeError, did_you_mean
from graphnn.core.settings import whole_number
from graphnn.io.onnx.read.limits import Limits

__all__ = ["Axes"]

_MOST_LETTERS = 200


class Axes:
    """The named axes of one model, with the sizes that the user fixes."""

    def __init__(self, sizes: Any, limits: Limits):
        if not isinstance(sizes, Mapping) or not all(isinstance(k, str) for k in sizes):
            raise SettingError(f"load_onnx: sizes are {{axis name: size}}, found {sizes!r}.")
        self._sizes = {k: whole_number(n, f"load_onnx: size of axis {k!r}") for k, n in sizes.items()}
        self._limits = limits
        self._words: dict[str, DimLike] = {}
        self._taken: set[str] = set()

    def reserve(self, shapes: list[Any]) -> None:
        """Keep the names that the file itself gives, so that no made-up name is one of them."""
        for shape in shapes:
            for dim in shape.dim:
                if dim.HasField("dim_param"):
                    self._taken.update(re.findall(r"[A-Za-z_]\w*", dim.dim_param))

    def shape(self, proto: Any, name: str, who: str) -> Shape:
        """The shape of an input, from a TensorShapeProto."""
        if len(proto.dim) > self._limits.axes:
            raise OnnxError(f"{who}: {len(proto.dim)} axes are more than {self._limits.axes}.")
        dims: list[DimLike] = []
        for k, dim in enumerate(proto.dim):
            if dim.HasField("dim_value"):
                if not 0 <= dim.dim_value < 2**48:
                    raise OnnxError(f"{who}: axis {k} of size {dim.dim_value} cannot be.")
                dims.append(dim.dim_value)
            elif dim.HasField("dim_param") and dim.dim_param.strip():
                dims.append(self._named(dim.dim_param.strip(), who))
            else:
                dims.append(self._of_name(self._free(_identifier(f"{name}_{k}"))))
        return tuple(dims)

    def check_used(self) -> None:
        """Raise SettingError for a size of an axis that the model has not."""
        known = [str(d) for d in self._words] + sorted(self._taken)
        for name in self._sizes:
            if name not in known:
                raise SettingError(f"load_onnx: sizes: there is no axis {name!r}.{did_you_mean(name, known)}")

    def _named(self, word: str, who: str) -> DimLike:
        if len(word) > _MOST_LETTERS:
            raise OnnxError(f"{who}: an axis name of {len(word)} letters is longer than {_MOST_LETTERS}.")
        if word not in self._words:
            try:
                found = parse_dim(word) if len(re.findall(r"[*+-]", word)) <= 8 else None
            except ShapeError:
                found = None
            if word in self._sizes:
                self._words[word] = self._sizes[word]
            elif isinstance(found, Dim) and _may_be_size(found):
                self._words[word] = self._fixed(found)
            else:  # no sum of products, such as "unk__12 // 2": an axis with a name of its own
                self._words[word] = self._of_name(self._free(_identifier(word)))
        return self._words[word]

    def _of_name(self, name: str) -> DimLike:
        self._taken.add(name)
        return self._sizes[name] if name in self._sizes else Dim([((name,), 1)])

    def _fixed(self, dim: Dim) -> DimLike:
        """The polynomial with the sizes put in that the user fixes."""
        total: DimLike = 0
        for monomial, factor in dim.terms:
            product: DimLike = factor
            for name in monomial:
                product = product * self._of_name(name)
            total = total + product
        if not isinstance(total, Dim) and total < 0:
            raise SettingError(f"load_onnx: with these sizes the axis {dim} is {total}.")
        return total

    def _free(self, name: str) -> str:
        found, k = name, 1
        while found in self._taken:
            k += 1
            found = f"{name}_{k}"
        return found


def _may_be_size(dim: Dim) -> bool:
    """Whether its numbers are such as people write."""
    return len(dim.terms) <= 8 and all(abs(c) < 2**31 and len(m) <= 4 for m, c in dim.terms)


def _identifier(word: str) -> str:
    plain = re.sub(r"\W", "_", word)[:_MOST_LETTERS]
    return plain if plain.isidentifier() else f"axis_{plain}"
