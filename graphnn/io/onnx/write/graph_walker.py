"""Write a graph's own nodes: names that say where a node stands, notes of its scope, functions for what has no twin."""

from __future__ import annotations

from graphnn.core.node import Node
from graphnn.io.onnx.write.functions import DOMAIN, Functions
from graphnn.io.onnx.write.graph_body import GraphBody
from graphnn.io.onnx.write.names import clean
from graphnn.io.onnx.write.registry import UNFOLDED, Writer
from graphnn.io.onnx.write.walker import Walker
from graphnn.io.onnx.write.writing import refuse

__all__ = ["GraphWalker"]


class GraphWalker(Walker):
    """Writes into the graph of the file.

    results : names that the values of some nodes must have
    drawn : the nodes of random numbers that became inputs, by the names of these
    """

    body: GraphBody

    def __init__(self, body: GraphBody, functions: Functions, results: dict[Node, str], draws: str):
        super().__init__(body, {})
        self.functions, self.results, self.draws = functions, results, draws
        self.drawn: dict[str, Node] = {}

    def stem(self, node: Node) -> str:
        return clean(f"/{node.scope}", "") if node.scope else ""

    def leaf(self, node: Node) -> None:
        if node.storage is None:
            refuse(node, "an input of another graph stands inside of this one")
        if node.name is None or node.op.role != "constant":
            super().leaf(node)
            return
        label = f"{node.scope}/{node.name}" if node.scope else node.name
        self.names[node] = self.body.put_constant(node.storage.array, self.body.names.take(label))

    def draw(self, node: Node) -> str:
        if self.draws == "refuse":
            refuse(
                node,
                "random numbers that hang on a counter cannot be written. Build the graph for inference, as "
                'layers do where they are not called with training=True, or take the draws as inputs: draws="inputs"',
            )
        label = node.name or node.op.name
        name = self.body.names.take(f"{node.scope}/{label}" if node.scope else label)
        self.drawn[name] = node
        return self.body.add_input(name, node.dtype, node.shape)

    def function(self, node: Node, writer: Writer | None) -> str:
        sources = self.sources(node)
        if node.op.name in UNFOLDED:
            return self.unfolded(node, sources)
        made = self.functions.made(node, sources, writer)
        inputs = [self.name_of(sources[k]) for k in made.slots]
        inputs += [self.body.axis(name) for name in made.axes]
        return self.body.emit(made.name, inputs, stem=self.stem(node), domain=DOMAIN)[0]

    def settle(self, node: Node, result: str, begin: int) -> None:
        wanted = self.results.get(node)
        made = any(result in proto.output for proto in self.body.nodes[begin:])
        if wanted is not None and not made:
            begin = len(self.body.nodes)
            (result,) = self.body.emit("Identity", [result], stem=self.stem(node))
            made = True
        if wanted is None and made and node.name is not None:
            wanted = self.body.names.take(f"{node.scope}/{node.name}" if node.scope else node.name)
        if wanted is not None and made:
            self.body.rename(result, wanted, begin)
            result = wanted
        self.names[node] = result
        for proto in self.body.nodes[begin:]:
            if not proto.metadata_props:
                self.note(proto, node)
        if made and node not in self.results:
            self.body.describe(result, node.dtype, node.shape)

    def note(self, proto: object, node: Node) -> None:
        """Say in the file which node of ours an operator belongs to."""
        notes = {"graphnn.op": node.op.name}
        if node.scope:
            notes["graphnn.scope"] = clean(node.scope)
        if node.name:
            notes["graphnn.name"] = clean(node.name)
        self.body.note(proto, notes)
