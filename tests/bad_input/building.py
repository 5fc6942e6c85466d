"""Wrong ways to build a graph: (what is wrong, the call, the error that it gets, words of its sentence)."""

from __future__ import annotations

import networkx
import numpy as np

import graphnn as gn

BIG = 2**40


def x(shape=(2, 3), dtype="float32", name="x"):
    return gn.input(name, shape, dtype)


def w():
    return gn.parameter(np.ones((4, 5)), "w")


def built(*parts):
    """A builder after these calls, built: ("add_node", "y", "relu")."""
    builder = gn.GraphBuilder()
    for method, *arguments in parts:
        getattr(builder, method)(*arguments)
    return builder.build()


def networked(*edges, **nodes):
    graph = networkx.MultiDiGraph()
    for name, data in nodes.items():
        graph.add_node(name, **data)
    graph.add_edges_from(edges)
    return gn.GraphBuilder.from_networkx(graph)


def declared(signature="x(*s) -> y(*s)", **settings):
    """Declare an op whose meaning is `x + 1`."""

    def wrong_op(x):
        """Add one."""
        return x + 1

    return gn.op(signature, **{"latex": "", "samples": [(2,)], **settings})(wrong_op)


def nodes_in_a_list():
    return [gn.scalar(1.0, "a"), gn.scalar(2.0, "b")]


def frozen(node, key, value):
    setattr(node, key, value)


LEAVES = [
    ("input without a name", lambda: gn.input("", (3,)), gn.SettingError, "a name is a non-empty text, found ''"),
    ("input named by a number", lambda: gn.input(3, (3,)), gn.SettingError, "a name is a non-empty text, found 3"),
    ("negative size", lambda: gn.input("x", (-1, 3)), gn.ShapeError, "axis 0 is -1; a size is 0 or more"),
    ("float size", lambda: gn.input("x", (2.0,)), gn.ShapeError, "axis 0 is 2.0; wanted an int or an axis name"),
    ("bool size", lambda: gn.input("x", (True,)), gn.ShapeError, "axis 0 is True"),
    ("bool shape", lambda: gn.input("x", True), gn.ShapeError, "True"),
    ("None as shape", lambda: gn.input("x", None), gn.ShapeError, "a shape is a tuple of ints and axis names"),
    ("float as shape", lambda: gn.input("x", 2.5), gn.ShapeError, "a shape is a tuple of ints and axis names"),
    ("values beyond memory", lambda: gn.constant(np.broadcast_to(1.0, (2**30, 2**20))), gn.ShapeError,
     "more than this machine has"),
    ("array as a size", lambda: gn.input("x", (np.ones(2),)), gn.ShapeError, "wanted an int or an axis name"),
    ("size beyond memory", lambda: gn.input("x", (2**60,)), gn.ShapeError, "sizes stay below 2**48"),
    ("axis that is no name", lambda: gn.input("x", ("my batch",)), gn.ShapeError, "'my batch' is not an axis name"),
    ("empty axis name", lambda: gn.input("x", ("",)), gn.ShapeError, "is not an axis name"),
    ("axis as a quotient", lambda: gn.input("x", ("batch/2",)), gn.ShapeError, "'batch/2' is not an axis name"),
    ("node as size", lambda: gn.input("x", (gn.scalar(3.0, "n"),)), gn.GraphError, "not an index"),
    ("complex dtype", lambda: gn.input("x", (3,), "complex64"), gn.DtypeError, "is not one of float32, float64"),
    ("half dtype", lambda: gn.input("x", (3,), np.float16), gn.DtypeError, "is not one of float32, float64"),
    ("unknown dtype", lambda: gn.input("x", (3,), "flaot"), gn.DtypeError, "'flaot' is not one of float32"),
    ("no dtype", lambda: gn.input("x", (3,), None), gn.DtypeError, "None is not one of float32"),
    ("big-endian dtype", lambda: gn.input("x", (3,), ">f4"), gn.DtypeError, "'>f4' is not one of float32"),
    ("parameter of text", lambda: gn.parameter("abc", "w"), gn.DtypeError, "parameter 'w': wanted numbers"),
    ("parameter of nothing", lambda: gn.parameter(None, "w"), gn.DtypeError, "parameter 'w': wanted numbers"),
    ("parameter without a name", lambda: gn.parameter([1.0], None), gn.SettingError, "non-empty text, found None"),
    ("parameter of complex", lambda: gn.parameter(1j, "w"), gn.DtypeError, "found complex128"),
    ("parameter of objects", lambda: gn.parameter(np.array([{}, 1]), "w"), gn.DtypeError, "found object"),
    ("parameter of dates", lambda: gn.parameter(np.array(["2020"], "M8[Y]"), "w"), gn.DtypeError, "found datetime64"),
    ("ragged rows", lambda: gn.parameter([[1.0], [1.0, 2.0]], "w"), gn.ShapeError, "Rows must have equal lengths"),
    ("parameter of a node", lambda: gn.parameter(gn.scalar(1.0, "a"), "w"), gn.DtypeError, "Use its .value"),
    ("parameter of nodes", lambda: gn.parameter(nodes_in_a_list(), "w"), gn.DtypeError, "gn.stack"),
    ("masked numbers", lambda: gn.parameter(np.ma.array([1.0, 2.0], mask=[0, 1]), "w"), gn.DtypeError, "masked"),
    ("numbers beyond float32", lambda: gn.parameter([1e300], "w"), gn.DtypeError, "beyond float32's range"),
    ("numbers beyond the float32 asked for", lambda: gn.parameter([1e300], "w", "float32"), gn.DtypeError,
     "beyond float32's range"),
    ("whole numbers beyond int64", lambda: gn.constant(2**63), gn.DtypeError, "beyond int64's range"),
    ("huge whole numbers", lambda: gn.constant(2**100), gn.DtypeError, "wanted numbers, found object"),
    ("floats beyond int64 as int64", lambda: gn.constant(1e30, "int64"), gn.DtypeError, "beyond int64's range"),
    ("fraction as int64", lambda: gn.constant(1.5, "int64"), gn.DtypeError, "1.5 is not whole"),
    ("NaN as int64", lambda: gn.constant(np.nan, "int64"), gn.DtypeError, "int64"),
    ("bool as float", lambda: gn.constant(True, "float32"), gn.DtypeError, "found bool, wanted float32"),
    ("number as bool", lambda: gn.constant(1.0, "bool"), gn.DtypeError, "wanted bool"),
    ("scalar of text", lambda: gn.scalar("2", "a"), gn.DtypeError, "scalar: wanted one number, found '2'"),
    ("scalar of a bool", lambda: gn.scalar(True, "a"), gn.DtypeError, "wanted one number, found True"),
    ("scalar of a list", lambda: gn.scalar([1.0], "a"), gn.DtypeError, "Use gn.parameter for arrays"),
    ("scalar of a complex", lambda: gn.scalar(1j, "a"), gn.DtypeError, "wanted one number"),
    ("scalar named by a number", lambda: gn.scalar(1.0, 5), gn.SettingError, "non-empty text, found 5"),
    ("counter from a fraction", lambda: gn.counter("n", 1.5), gn.DtypeError, "counter 'n'"),
    ("counter from text", lambda: gn.counter("n", "1"), gn.DtypeError, "counter 'n'"),
    ("scope without a name", lambda: gn.scope("").__enter__(), gn.SettingError, "a scope's name is a non-empty text"),
    ("scope with a slash", lambda: gn.scope("a/b").__enter__(), gn.SettingError, "without '/'"),
    ("scope of a number", lambda: gn.scope(3).__enter__(), gn.SettingError, "found 3"),
]  # fmt: skip

EXPRESSIONS = [
    ("matmul of unlike axes", lambda: x() @ w(), gn.ShapeError, "axis k is 3"),
    ("matmul of a number", lambda: x() @ 2.0, gn.ShapeError, "matmul"),
    ("sum of unlike shapes", lambda: x((2, 3)) + x((2, 4), name="z"), gn.ShapeError, "axis -1 is 3 in"),
    ("batch beside another name", lambda: x(("batch",)) + x(("time",), name="z"), gn.ShapeError, "batch"),
    ("float32 beside float64", lambda: x() + x(dtype="float64", name="z"), gn.DtypeError, ".cast('float32')"),
    ("float beside int64", lambda: x() * x(dtype="int64", name="z"), gn.DtypeError, "never mixed silently"),
    ("float beside bool", lambda: x() + (x() > 0.0), gn.DtypeError, "never mixed silently"),
    ("text", lambda: x() + "1", gn.DtypeError, "wanted numbers"),
    ("nothing", lambda: x() + None, gn.DtypeError, "wanted numbers"),
    ("complex number", lambda: x() * 1j, gn.DtypeError, "wanted numbers, found complex128"),
    ("object", lambda: x() - object(), gn.DtypeError, "wanted numbers, found object"),
    ("bool number", lambda: x() + True, gn.DtypeError, "found bool, wanted float32"),
    ("fraction beside int64", lambda: x(dtype="int64") + 0.5, gn.DtypeError, "0.5 is not whole"),
    ("list of nodes", lambda: x((2,), "float64") + nodes_in_a_list(), gn.DtypeError, "gn.stack"),
    ("exp of int64", lambda: gn.exp(x(dtype="int64")), gn.DtypeError, "must be one of float32, float64"),
    ("logic on floats", lambda: x() & x(), gn.DtypeError, "bool"),
    ("truth of a node", lambda: bool(x() > 0.0), gn.GraphError, "has no truth value"),
    ("chained comparison", lambda: 0.0 < x() < 1.0, gn.GraphError, "has no truth value"),
    ("`in` on a list of nodes", lambda: x() in [gn.relu(x())], gn.GraphError, "`is` to compare nodes"),
    ("node as an index", lambda: [1, 2][x(())], gn.GraphError, "is a node, not an index"),
    ("index out of range", lambda: x()[2], gn.ShapeError, "slice"),
    ("negative index out of range", lambda: x()[-3], gn.ShapeError, "slice"),
    ("too many indices", lambda: x()[0, 0, 0], gn.ShapeError, "slice"),
    ("float index", lambda: x()[1.0], gn.GraphnnError, "1.0"),
    ("text index", lambda: x()["a"], gn.GraphnnError, "'a'"),
    ("bool index", lambda: x()[True], gn.GraphnnError, "True"),
    ("step 0", lambda: x()[::0], gn.GraphnnError, "step"),
    ("mask of a node", lambda: x()[x() > 0.0], gn.GraphnnError, "slice"),
    ("array index out of range", lambda: x()[np.array([0, 99])], gn.ShapeError, "indices"),
    ("length of a named axis", lambda: len(x(("batch",))), gn.ShapeError, "no first axis of known size"),
    ("walk over a number", lambda: list(x(())), gn.ShapeError, "no first axis"),
    ("frozen op", lambda: frozen(x(), "op", 3), AttributeError, "is frozen"),
    ("frozen attribute", lambda: gn.sum(x()).attributes.update(axes=()), TypeError, "cannot be changed"),
    ("deleted shape", lambda: delattr(x(), "shape"), AttributeError, "is frozen"),
    ("second name", lambda: x().named("z"), gn.GraphError, "already called 'x'"),
    ("name of None", lambda: gn.relu(x()).named(None), gn.SettingError, "non-empty text"),
    ("name by keyword", lambda: gn.relu(x(), name=3), gn.SettingError, "non-empty text"),
    ("value for an input", lambda: frozen(x(()), "value", 1.0), gn.GraphError, "only parameters"),
    ("value of text", lambda: frozen(w(), "value", "a"), gn.DtypeError, "wanted numbers"),
    ("value of another shape", lambda: frozen(w(), "value", 1.0), gn.ShapeError, "a parameter keeps its shape"),
    ("value that depends on an input", lambda: gn.relu(x()).value, gn.NotComputedError, "depends on the input 'x'"),
    ("float of an input", lambda: float(x(())), gn.NotComputedError, "has no value of its own"),
    ("NumPy array of an input", lambda: np.asarray(x()), gn.NotComputedError, "has no value of its own"),
    ("set gradient", lambda: frozen(w(), "grad", 1.0), gn.GraphError, "can only be set to None or 0"),
    ("gradient of text", lambda: frozen(w(), "grad", "a"), gn.GraphError, "can only be set to None or 0"),
    ("backward of a matrix", lambda: gn.relu(w()).backward(), gn.ShapeError, "is not a scalar"),
    ("backward of whole numbers", lambda: gn.constant(3).backward(), gn.GraphError, "is not a float"),
    ("backward of an input", lambda: x(()).backward(), gn.NotComputedError, "has no value of its own"),
    ("copied node", lambda: __import__("copy").deepcopy(x()), TypeError, "not pickled or copied"),
    ("sum over a missing axis", lambda: x().sum(axis=2), gn.ShapeError, "axis 2"),
    ("sum over an axis twice", lambda: x().sum(axis=(0, 0)), gn.ShapeError, "twice"),
    ("sum over text", lambda: x().sum(axis="rows"), gn.ShapeError, "an axis is an int"),
    ("sum over a fraction", lambda: x().sum(axis=1.0), gn.GraphnnError, "1.0"),
    ("sum over True", lambda: x().sum(axis=True), gn.GraphnnError, "True"),
    ("max of nothing", lambda: x((0, 3)).max(axis=0), gn.ShapeError, "max"),
    ("argmax of nothing", lambda: x((2, 0)).argmax(axis=1), gn.ShapeError, "argmax"),
    ("reshape to another size", lambda: x().reshape(4), gn.ShapeError, "reshape"),
    ("reshape with two unknowns", lambda: x().reshape(-1, -1), gn.ShapeError, "-1"),
    ("reshape to a negative size", lambda: x().reshape(-2, -3), gn.ShapeError, "reshape"),
    ("reshape to text", lambda: x().reshape("a b"), gn.ShapeError, "axis name"),
    ("reshape to nothing", lambda: x().reshape(None), gn.ShapeError, "reshape"),
    ("transpose of missing axes", lambda: x().transpose(0, 2), gn.ShapeError, "transpose"),
    ("transpose of an axis twice", lambda: x().transpose(0, 0), gn.ShapeError, "transpose"),
    ("squeeze of a long axis", lambda: x().squeeze(0), gn.ShapeError, "squeeze"),
    ("expand beyond the rank", lambda: gn.expand_dims(x(), 9), gn.ShapeError, "expand_dims"),
    ("broadcast to fewer", lambda: gn.broadcast_to(x(), (3,)), gn.ShapeError, "broadcast_to"),
    ("broadcast to 3 rows from 2", lambda: gn.broadcast_to(x(), (3, 3)), gn.ShapeError, "broadcast_to"),
    ("cast to text", lambda: x().cast("text"), gn.DtypeError, "'text' is not one of float32"),
    ("cast to nothing", lambda: x().cast(None), gn.DtypeError, "None is not one of float32"),
    ("concat of nothing", lambda: gn.concat([]), gn.ShapeError, "concat"),
    ("concat of unlike rows", lambda: gn.concat([x((2, 3)), x((2, 4))], axis=0), gn.ShapeError, "concat"),
    ("concat over a missing axis", lambda: gn.concat([x(), x()], axis=5), gn.ShapeError, "axis 5"),
    ("concat of one node", lambda: gn.concat(x()), gn.GraphnnError, "concat"),
    ("stack of unlike shapes", lambda: gn.stack([x((2, 3)), x((2, 4))]), gn.ShapeError, "stack"),
    ("rows by floats", lambda: gn.take_rows(x(), x((2,), name="i")), gn.DtypeError, "must be int64"),
    ("one-hot of negative depth", lambda: gn.one_hot(x((2,), "int64"), -1), gn.GraphnnError, "one_hot"),
    ("one-hot of a fraction", lambda: gn.one_hot(x((2,), "int64"), 2.5), gn.GraphnnError, "one_hot"),
    ("dropout of everything", lambda: gn.dropout(x(), gn.counter("n"), rate=1.5), gn.GraphnnError, "dropout"),
    ("seed of text", lambda: gn.random_normal(gn.counter("n"), shape=(2,), seed="a"), gn.GraphnnError, "seed"),
    ("huge random shape", lambda: gn.random_normal(gn.counter("n"), shape=(2**50,), seed=1), gn.ShapeError, "2**48"),
    ("softmax over a missing axis", lambda: gn.softmax(x(), axis=4), gn.ShapeError, "axis 4"),
    ("float labels", lambda: gn.softmax_cross_entropy(x(), x((2,), name="y")), gn.GraphnnError, "labels"),
    ("labels of another length", lambda: gn.softmax_cross_entropy(x(), x((5,), "int64", "y")),
     gn.ShapeError, "labels"),
    ("condition of numbers", lambda: gn.where(x(), x(), x()), gn.DtypeError, "must be bool"),
    ("squared error of unlike shapes", lambda: gn.mean_squared_error(x(), x((2, 4))),
     gn.ShapeError, "axis *s is (2, 3)"),
    ("accuracy of a number", lambda: gn.accuracy(3.0, x((2,), "int64")), gn.GraphError, "accuracy"),
    ("accuracy against float labels", lambda: gn.accuracy(x(), x((2,), name="y")), gn.DtypeError, "int64"),
    ("accuracy of unlike rows", lambda: gn.accuracy(x(), x((5,), "int64", "y")), gn.ShapeError, "accuracy"),
]  # fmt: skip

GRAPHS = [
    ("graph of a number", lambda: gn.Graph(3), gn.GraphError, "wanted a node or nodes, found 3"),
    ("graph of numbers", lambda: gn.Graph([1, 2]), gn.GraphError, "outputs are nodes, found 1"),
    ("graph of nothing", lambda: gn.Graph([]), gn.GraphError, "at least one output"),
    ("graph of None", lambda: gn.Graph(None), gn.GraphError, "found None"),
    ("unknown name", lambda: gn.Graph(x()).find("y"), gn.GraphError, "no node is called 'y'"),
    ("name of None", lambda: gn.Graph(x()).find(None), gn.GraphError, "find"),
    ("consumers of a foreign node", lambda: gn.Graph(x()).consumers(w()), gn.GraphError, "is not part of this graph"),
    ("edges of a number", lambda: gn.Graph(x()).operand_edges(3), gn.GraphError, "wanted a node, found 3"),
    ("gradient of a number", lambda: gn.gradient(3.0, x()), gn.GraphError, "wanted a node to differentiate"),
    ("gradient of a matrix", lambda: gn.gradient(x() * 2.0, x()), gn.ShapeError, "is not a scalar"),
    ("gradient of whole numbers", lambda: gn.gradient(gn.constant(1), x()), gn.GraphError, "is not a float"),
    ("gradient towards a number", lambda: gn.gradient(x().sum(), 3.0), gn.GraphError, "wrt"),
    ("gradient towards None", lambda: gn.gradient(x().sum(), None), gn.GraphError, "wrt"),
    ("gradient towards numbers", lambda: gn.gradient(x().sum(), [1]), gn.GraphError, "wrt holds 1"),
    ("gradient towards labels", lambda: gn.gradient(x().sum(), x(dtype="int64")), gn.GraphError, "is not a float"),
    ("gradient towards a foreign node", lambda: gn.gradient(x().sum(), x()), gn.GraphError, "no differentiable path"),
    ("gradient through argmax", lambda: gn.gradient(x().argmax().cast("float32").sum(), x()),
     gn.GraphnnError, "gradient"),
    ("unknown no_path", lambda: gn.gradient(x().sum(), x(), no_path="0"), gn.SettingError, "no_path='0'"),
    ("seed of another shape", lambda: gn.gradient(x(), x(), seed=[1.0]), gn.ShapeError, "the seed is"),
    ("seed of text", lambda: gn.gradient(x(), x(), seed="1"), gn.DtypeError, "wanted numbers"),
    ("adjoints of a matrix", lambda: gn.adjoints(x()), gn.ShapeError, "is not a scalar"),
    ("adjoints of a number", lambda: gn.adjoints(1.0), gn.GraphError, "wanted a node"),
    ("adjoint of a number", lambda: gn.adjoints(gn.scalar(1.0, "a"))[3], gn.GraphError, "wanted a node, found 3"),
    ("contribution of a node", lambda: gn.adjoints(gn.scalar(1.0, "a")).contribution(x()), gn.GraphError, "edge"),
    ("simplify of a number", lambda: gn.simplify(3), gn.GraphError, "wanted a graph, a node or nodes, found 3"),
    ("cost of a number", lambda: gn.cost(3), gn.GraphError, "3"),
    ("interpret of a number", lambda: gn.interpret(3), gn.GraphError, "found 3"),
    ("interpret without feeds", lambda: gn.interpret(x()), gn.FeedError, "'x' missing"),
    ("interpret with a list", lambda: gn.interpret(x(), [1]), gn.FeedError, "wanted a dict"),
    ("cycle by hand", lambda: built(("add_node", "a", "relu"), ("add_node", "b", "relu"), ("add_edge", "a", "b", "x"),
     ("add_edge", "b", "a", "x"), ("set_outputs", "b")), gn.GraphError, "the edges form a cycle: a -> b -> a"),
    ("node that feeds itself", lambda: built(("add_node", "a", "relu"), ("add_edge", "a", "a", "x"),
     ("set_outputs", "a")), gn.GraphError, "the edges form a cycle: a -> a"),
    ("missing operand", lambda: built(("add_node", "a", "relu"), ("set_outputs", "a")), gn.GraphError,
     "operand 'x' is missing"),
    ("unknown op", lambda: built(("add_node", "a", "rleu")), gn.GraphError, "Did you mean 'relu'?"),
    ("op of a number", lambda: built(("add_node", "a", 3)), gn.GraphError, "there is no op 3"),
    ("unknown operand",
     lambda: built(("add_input", "x", (2,)), ("add_node", "a", "relu"), ("add_edge", "x", "a", "z"),
     ("set_outputs", "a")), gn.GraphError, "relu has no operand 'z'"),
    ("operand given twice", lambda: built(("add_input", "x", (2,)), ("add_node", "a", "relu"),
     ("add_edge", "x", "a", "x"), ("add_edge", "x", "a", 0), ("set_outputs", "a")), gn.GraphError, "is given twice"),
    ("duplicated name", lambda: built(("add_input", "x", (2,)), ("add_input", "x", (3,))), gn.GraphError,
     "two nodes called 'x'"),
    ("edge from nowhere", lambda: built(("add_node", "a", "relu"), ("add_edge", "q", "a", "x"), ("set_outputs", "a")),
     gn.GraphError, "there is no node 'q'"),
    ("edge of a list", lambda: built(("add_input", "x", (2,)), ("add_edge", ["x"], "x", "x"), ("set_outputs", "x")),
     gn.GraphError, "edge"),
    ("outputs forgotten", lambda: built(("add_input", "x", (2,))), gn.GraphError, "no outputs"),
    ("output of a number", lambda: built(("add_input", "x", (2,)), ("set_outputs", 3)), gn.GraphError, "no node 3"),
    ("unlike shapes by hand", lambda: built(("add_input", "x", (2, 3)), ("add_parameter", "w", np.ones((4, 5))),
     ("add_node", "y", "matmul"), ("add_edge", "x", "y", "x"), ("add_edge", "w", "y", "w"), ("set_outputs", "y")),
     gn.ShapeError, "node 'y': matmul: axis k is 3"),
    ("leaf as an operation", lambda: built(("add_node", "a", "input")), gn.GraphError, "is a leaf; use add_input"),
    ("networkx of a number", lambda: gn.GraphBuilder.from_networkx(3), gn.GraphError, "wanted a networkx"),
    ("networkx without ops", lambda: networked(a={}).build(), gn.GraphError, "op"),
    ("networkx edge without a slot", lambda: gn.GraphBuilder.from_networkx(
        networkx.DiGraph([("a", "b")])), gn.GraphError, "op"),
]  # fmt: skip

DECLARATIONS = [
    ("signature without an arrow", lambda: declared("x(*s)"), gn.DeclarationError, "'->'"),
    ("two outputs", lambda: declared("x(*s) -> y(*s), z(*s)"), gn.DeclarationError, "exactly one output"),
    ("signature of a number", lambda: declared(3), gn.DeclarationError, "signature"),
    ("unreadable port", lambda: declared("x[*s] -> y(*s)"), gn.DeclarationError, "cannot read"),
    ("operand that the meaning lacks", lambda: declared("z(*s) -> y(*s)"), gn.DeclarationError, "operands are z"),
    ("two starred axes", lambda: declared("x(*s, *t) -> y(*s)"), gn.DeclarationError, "two starred axes"),
    ("unknown types", lambda: declared(types="floats"), gn.DeclarationError, "types='floats' is not one of"),
    ("name that is taken", lambda: declared(name="relu"), gn.DeclarationError, "the name is taken"),
    ("samples of a number", lambda: declared(samples=3), gn.DeclarationError, "samples"),
    ("meaning that is no function", lambda: gn.op("x(*s) -> y(*s)", latex="", samples=[(2,)])(3),
     gn.DeclarationError, "function"),
    ("undeclare a built-in op", lambda: gn.undeclare("relu"), gn.DeclarationError, "belongs to graphnn"),
    ("undeclare an unknown op", lambda: gn.undeclare("rleu"), gn.DeclarationError, "there is no op 'rleu'"),
    ("undeclare a list", lambda: gn.undeclare(["relu"]), gn.DeclarationError, "there is no op"),
]  # fmt: skip

TABLES = {"leaves": LEAVES, "expressions": EXPRESSIONS, "graphs": GRAPHS, "declarations": DECLARATIONS}
