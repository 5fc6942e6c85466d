"""Lifetimes of values: first and last use, where they live, and which node of the graph stands for what runs."""

from __future__ import annotations

import numpy as np

import graphnn as gn


def net() -> tuple[gn.Node, list[gn.Node]]:
    x = gn.input("x", ("batch", 3))
    layers = gn.nn.Sequential([gn.nn.Dense(4, gn.relu), gn.nn.Dense(2)], seed=1)
    loss = gn.sum(layers(x) ** 2)
    return loss, list(gn.Graph(loss).parameters)


def test_a_value_lives_from_its_step_to_its_last_reader() -> None:
    loss, weights = net()
    program = gn.Program([loss, *gn.gradient(loss, weights)])
    found = program.lifetimes(batch=5)
    place = {row.node: k for k, row in enumerate(found.rows)}
    assert [row.first for row in found.rows] == list(range(found.steps))
    for row in found.rows:
        readers = [
            place[other.node] for other in found.rows if any(o is row.node for o in other.node.operands)
        ]
        assert row.last >= max(readers, default=row.first)
        assert row.first <= row.last <= found.steps
    assert found.rows[0].size == 5 * 4 * 4 and found.rows[0].where == "arena"
    assert str(found).splitlines()[1].startswith("linear_relu")


def test_lifetimes_of_feeds_and_of_sizes_agree() -> None:
    loss, _ = net()
    program = gn.Program(loss)
    fed, sized = program.lifetimes({"x": np.ones((7, 3))}), program.lifetimes(batch=7)
    assert [(r.node, r.first, r.last, r.size) for r in fed.rows] == [
        (r.node, r.first, r.last, r.size) for r in sized.rows
    ]


def test_what_is_fused_stands_for_the_node_whose_value_it_makes() -> None:
    loss, _ = net()
    program = gn.Program(loss)
    pairs = [(row.node.op.name, program.stands_for(row.node)) for row in program.lifetimes(batch=2).rows]
    names = [(runs, node.op.name) for runs, node in pairs if node is not None]
    assert names[:2] == [("linear_relu", "relu"), ("linear", "add")]
    assert all(node in program.graph.ids for _, node in pairs if node is not None)


def test_updates_in_place_say_where_they_are_made() -> None:
    w = gn.parameter(np.ones(4), "w")
    loss = gn.sum(w * w)
    program = gn.Program(loss, updates={w: w - 0.1 * gn.gradient(loss, w)})
    assert program.lifetimes().rows[-1].where == "parameter"
