"""The text listing: golden examples, and its documented grammar reads every listing back."""

from __future__ import annotations

import ast
import re

import numpy as np
import pytest

import graphnn as gn
from graphnn.core.dims import evaluate_dim, parse_dim
from op_cases import Case, cases, leaves, operands
from wild_graphs import wild_graph


def test_the_listing_of_a_small_net_is_as_published() -> None:
    x, labels = gn.input("x", ("batch", 2)), gn.input("labels", ("batch",), "int64")
    with gn.scope("hidden"):
        h = gn.relu(x @ gn.parameter(np.zeros((2, 3)), "w") + gn.parameter(np.zeros(3), "b")).named("h")
    loss = gn.softmax_cross_entropy(h, labels).named("loss")
    assert str(gn.Graph([loss, h])) == (
        "graph(batch)\n"
        "  n0 = input 'x' float32 (batch, 2)\n"
        "  n1 = input 'labels' int64 (batch,)\n"
        "  n2 = parameter 'w' float32 (2, 3)\n"
        "  n3 = matmul n0 n2 -> float32 (batch, 3) in hidden\n"
        "  n4 = parameter 'b' float32 (3,)\n"
        "  n5 = broadcast_to n4 shape=(batch,3) -> float32 (batch, 3) in hidden\n"
        "  n6 = add n3 n5 -> float32 (batch, 3) in hidden\n"
        "  n7 = relu 'h' n6 -> float32 (batch, 3) in hidden\n"
        "  n8 = softmax_cross_entropy n7 n1 -> float32 (batch,)\n"
        "  n9 = mean 'loss' n8 axes=(0) keepdims=false -> float32 ()\n"
        "  return n9 n7"
    )


def test_constants_show_one_number_and_odd_names_are_quoted() -> None:
    a = gn.scalar(1.5, "it's \n a")
    node = (a * gn.constant(float("nan"), "float64")) + gn.constant([1.0], "float64").reshape(())
    assert str(gn.Graph(node)) == (
        "graph\n"
        '  n0 = parameter "it\'s \\n a" float64 ()\n'
        "  n1 = constant float64 () = nan\n"
        "  n2 = mul n0 n1 -> float64 ()\n"
        "  n3 = constant float64 (1,) = 1.0\n"
        "  n4 = reshape n3 shape=() -> float64 ()\n"
        "  n5 = add n2 n4 -> float64 ()\n"
        "  return n5"
    )


LINE = re.compile(
    r"  (?P<id>n\d+) = (?P<op>\w+)"
    r"(?: (?P<name>'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"))?"
    r"(?P<operands>(?: n\d+)*)"
    r"(?P<attributes>(?: \w+=(?:\([^ ]*\)|'[^']*'|[^ '(]+))*)"
    r"(?: ->)? (?P<dtype>float32|float64|int64|bool) \((?P<shape>[^)]*)\)"
    r"(?: = (?P<number>\S+))?(?: in (?P<scope>.+))?"
)


def read_value(text: str):
    """An attribute as the grammar writes it; tuples hold no spaces."""
    if text.startswith("("):
        depth, words, word = 0, [], ""
        for letter in text[1:-1] + ",":
            depth += (letter == "(") - (letter == ")")
            if letter == "," and not depth:
                words, word = [*words, word], ""
            else:
                word += letter
        return tuple(read_value(w) for w in words if w)
    if text in ("true", "false"):
        return text == "true"
    if text.startswith(("'", '"')):
        return ast.literal_eval(text)
    return float(text) if re.fullmatch(r"-?\d+\.\d+(e[+-]?\d+)?", text) else parse_dim(text)


def read_listing(text: str) -> gn.Graph:
    """The graph that a listing describes; parameters and larger constants, whose values it leaves out, are zeros."""
    head, *lines, last = text.split("\n")
    assert re.fullmatch(r"graph(\(\w+(, \w+)*\))?", head)
    builder = gn.GraphBuilder()
    for line in lines:
        found = LINE.fullmatch(line)
        assert found, line
        record = {"op": found["op"], "scope": found["scope"] or "", "dtype": found["dtype"]}
        record["name"] = ast.literal_eval(found["name"]) if found["name"] else None
        record["shape"] = tuple(parse_dim(d) for d in found["shape"].rstrip(",").split(", ") if d)
        record["attributes"] = {
            key: read_value(value) for key, value in re.findall(r" (\w+)=(\S+)", found["attributes"])
        }
        if found["op"] in ("parameter", "constant"):
            number = {"True": True, "False": False}.get(found["number"], float(found["number"] or 0))
            record["value"] = np.full(record["shape"], number, record["dtype"])
        builder.add_record(found["id"], record)
        for slot, source in enumerate(found["operands"].split()):
            builder.add_edge(source, found["id"], slot)
    assert last.startswith("  return ")
    builder.set_outputs(*last.removeprefix("  return ").split())
    return builder.build()


@pytest.mark.parametrize("seed", range(12))
def test_the_grammar_reads_listings_back(seed: int) -> None:
    graph = wild_graph(np.random.default_rng(seed), 50, "float32")
    again = read_listing(str(graph))
    assert str(again) == str(graph)
    assert [(n.op, n.attributes, n.shape, n.dtype, n.scope) for n in again] == [
        (n.op, n.attributes, n.shape, n.dtype, n.scope) for n in graph
    ]


@pytest.mark.parametrize("case", cases(), ids=str)
def test_the_grammar_reads_every_declared_sample_back(case: Case) -> None:
    with gn.scope("a"), gn.scope("b c"):
        node = case.record.node(*leaves(case, operands(case)), **case.sample.attributes)
    again = read_listing(str(gn.Graph(node)))
    assert str(again) == str(gn.Graph(node))
    assert again.outputs[0].attributes == node.attributes


def test_named_axes_stand_in_the_header_in_order() -> None:
    x = gn.input("x", ("time", "2*batch+3", 2))
    graph = gn.Graph(gn.exp(x))
    assert str(graph).startswith("graph(batch, time)\n")
    assert str(read_listing(str(graph))) == str(graph)
    assert evaluate_dim(read_listing(str(graph)).inputs[0].shape[1], {"batch": 2}) == 7
