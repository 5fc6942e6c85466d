"""Weights come back bit for bit, and a file that does not fit changes nothing."""

from __future__ import annotations

import numpy as np
import pytest

import graphnn as gn


def net(width: int = 3):
    x = gn.input("x", ("batch", 4))
    with gn.scope("first"):
        h = gn.nn.Dense(width, gn.tanh, seed=1)(x)
    with gn.scope("second"):
        return gn.nn.Dense(2, seed=2)(h)


def values(node) -> list[bytes]:
    return [p.value.tobytes() for p in gn.Graph(node).parameters]


def test_saved_weights_come_back_bit_for_bit(tmp_path) -> None:
    first, second = net(), net()
    for p in gn.Graph(first).parameters:
        p.value = np.random.default_rng(len(p.name)).normal(size=p.shape)
    gn.io.save_weights(first, tmp_path / "net.safetensors", {"note": "a net"})
    names = gn.io.load_weights(second, tmp_path / "net.safetensors")
    assert values(first) == values(second) and len(names) == 4
    assert all(name.startswith(("first", "second")) for name in names)


def test_the_file_opens_in_safetensors_itself(tmp_path) -> None:
    from safetensors import safe_open

    gn.io.save_weights(net(), tmp_path / "net.safetensors", {"note": "a net"})
    with safe_open(tmp_path / "net.safetensors", "np") as file:
        assert file.metadata()["note"] == "a net" and len(list(file.keys())) == 4


def test_other_dtypes_and_scalars_are_kept(tmp_path) -> None:
    made = [
        gn.parameter(np.float64(np.pi), "a", "float64"),
        gn.parameter(np.array([1, -(2**60)]), "b", "int64"),
        gn.parameter(np.array([True, False]), "c", "bool"),
        gn.parameter(np.zeros((0, 3)), "d"),
    ]
    gn.io.save_weights(made, tmp_path / "w")
    found = gn.io.read_weights(tmp_path / "w")
    for node in made:
        np.testing.assert_array_equal(found[node.name], node.value)
        assert found[node.name].dtype == node.dtype and found[node.name].shape == node.shape


def test_a_file_that_does_not_fit_gets_a_sentence_and_changes_nothing(tmp_path) -> None:
    path, small, large = tmp_path / "w", net(), net(5)
    before = values(large)
    gn.io.save_weights(small, path)
    with pytest.raises(gn.DataError, match=r"'first/.*' is float32 \(.*\), but the parameter is"):
        gn.io.load_weights(large, path)
    with pytest.raises(gn.DataError, match="belong to no parameter"):
        gn.io.load_weights(list(gn.Graph(small).parameters)[:1], path)
    extra = [*gn.Graph(small).parameters, gn.parameter(np.ones(2), "firth")]
    with pytest.raises(gn.DataError, match="has no value for 'firth'"):
        gn.io.load_weights(extra, path)
    assert len(gn.io.load_weights(extra, path, partial=True)) == 4
    assert values(large) == before


def test_two_parameters_of_one_name_get_a_sentence(tmp_path) -> None:
    twice = [gn.parameter(np.ones(1), "w"), gn.parameter(np.ones(1), "w")]
    with pytest.raises(gn.SettingError, match="two parameters are called 'w'"):
        gn.io.save_weights(twice, tmp_path / "w")
    with pytest.raises(gn.SettingError, match="wanted a graph or parameters"):
        gn.io.save_weights([1.0], tmp_path / "w")
    assert list(tmp_path.iterdir()) == []


def test_damaged_files_get_a_sentence(tmp_path) -> None:
    path, model = tmp_path / "w", net()
    with pytest.raises(gn.DataError, match="cannot read"):
        gn.io.load_weights(model, path)
    gn.io.save_weights(model, path)
    whole, before = path.read_bytes(), values(model)
    rng = np.random.default_rng(0)
    damaged = [b"", whole[:7], whole[:100], whole[:-1], whole + b"0", b"\xff" * 8 + whole[8:]]
    for _ in range(200):  # within the header, every change of a byte is an error or another name or shape
        at = int(rng.integers(0, 300))
        damaged.append(whole[:at] + bytes([int(rng.integers(256))]) + whole[at + 1 :])
    for content in damaged:
        path.write_bytes(content)
        try:
            gn.io.load_weights(model, path)
        except gn.DataError:
            continue
        assert all(np.isfinite(p.value).all() for p in gn.Graph(model).parameters)
    path.write_bytes(whole)
    gn.io.load_weights(model, path)
    assert values(model) == before
