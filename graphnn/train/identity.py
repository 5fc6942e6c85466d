"""Identity: which data and settings a training has, so that it is gone on with as it was begun, or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphnn.core.errors import DataError, SettingError
from graphnn.train.rows import Rows, digest

_SETTINGS = ("batch", "shuffle", "seed", "accumulate")


class Identity:
    """Settings and data of one `fit`, and how many epochs the history had before it.

    The digest of the data is made when it is first asked for.
    """

    def __init__(
        self, settings: Mapping[str, int], rows: int, begun: int, data: Rows | None, known: str = ""
    ):  # fmt: skip
        self.settings, self.rows, self.begun = dict(settings), rows, begun
        self._data, self._digest = data, known

    @property
    def digest(self) -> str:
        if not self._digest and self._data is not None:
            self._digest, self._data = digest(self._data), None
        return self._digest

    def facts(self) -> dict[str, Any]:
        return {"settings": self.settings, "rows": self.rows, "begun": self.begun, "data": self.digest}

    def described(self) -> dict[str, Any]:
        """What a checkpoint's file must agree in."""
        return {**self.settings, "rows": self.rows, "data": self.digest}

    @classmethod
    def from_facts(cls, facts: Any) -> Identity | None:
        """What `facts` told. Raises DataError for anything else."""
        if facts is None:
            return None
        try:
            settings = {name: int(facts["settings"][name]) for name in _SETTINGS}
            return cls(settings, int(facts["rows"]), int(facts["begun"]), None, str(facts["data"]))
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(f"set_state: the facts of the fit are damaged: {error!r}.") from None

    def require_same(self, other: Identity) -> None:
        """Raise unless the training `other`, which is to be gone on with, has this data and these settings."""
        if self.rows != other.rows or self.digest != other.digest:
            raise DataError(
                f"fit: what is gone on with was trained on other data ({other.rows} rows; found {self.rows} rows"
                f"{'' if self.rows != other.rows else ' of other content'}). Give the same data, or train on these "
                "by fit without resume=True."
            )
        for name, value in self.settings.items():
            if value != other.settings[name]:
                raise SettingError(
                    f"fit: what is gone on with was begun with {name} {other.settings[name]}, found {value}. Give the "
                    "same, or fit without resume=True."
                )


__all__ = ["Identity"]
