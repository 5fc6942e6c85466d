"""Wrong ways to run, train and measure: (what is wrong, the call, the error that it gets, words of its sentence)."""

from __future__ import annotations

import numpy as np

import graphnn as gn

ROWS = {"x": np.ones((4, 3), np.float32), "y": np.array([0, 1, 0, 1])}


def leaves():
    return gn.input("x", ("batch", 3)), gn.input("y", ("batch",), "int64")


def net():
    """A small classifier: its loss, and its parameters."""
    x, y = leaves()
    model = gn.nn.Sequential([gn.nn.Dense(2)], seed=1)
    return gn.softmax_cross_entropy(model(x), y), model.parameters


def program(**settings):
    loss, _ = net()
    return gn.Program(loss, **settings)


def fed(**feeds):
    """The classifier's loss for these feeds."""
    return program().run({**ROWS, **feeds})


def doubled(feed, shape=("batch", 3), dtype="float32"):
    """A program of one op, run with one feed."""
    x = gn.input("x", shape, dtype)
    return gn.Program(x + x).run({"x": feed})


def masked():
    return np.ma.array(np.ones((4, 3), np.float32), mask=np.eye(4, 3, dtype=bool))


def weight(shape=(2,), dtype=None):
    return gn.parameter(np.ones(shape), "w", dtype)


def trainer(optimizer=None, **settings):
    loss, _ = net()
    return gn.Trainer(loss, optimizer or gn.optim.SGD(0.1), **settings)


def fit(data=None, **settings):
    return trainer().fit(ROWS if data is None else data, **{"epochs": 1, "progress": False, **settings})


def digits(rows=10):
    return gn.data.Dataset(np.ones((rows, 3), np.float32), np.arange(rows) % 2)


def run():
    loss, _ = net()
    return gn.trace(loss, ROWS)


def dense(*steps, x=None, **settings):
    return gn.nn.Dense(*steps, **settings)(leaves()[0] if x is None else x)


FEEDS = [
    ("no feeds", lambda: program().run(), gn.FeedError, "no feed for 'x', 'y'"),
    ("missing feed", lambda: program().run({"x": ROWS["x"]}), gn.FeedError, "no feed for 'y'"),
    ("extra feed", lambda: fed(z=1.0), gn.FeedError, "there is no input 'z'"),
    ("misspelt feed", lambda: program().run({"X": 1, "y": 1}), gn.FeedError, "there is no input 'X'"),
    ("feed by a foreign node", lambda: program().run({leaves()[0]: ROWS["x"]}), gn.FeedError,
     "is fed but is not an input of this program"),
    ("feed for a parameter", lambda: gn.Program(w := weight()).run({w: [1.0, 2.0]}), gn.FeedError, "is not an input"),
    ("feed by a number", lambda: program().run({0: ROWS["x"]}), gn.FeedError, "there is no input 0"),
    ("input fed twice",
     lambda: gn.Program((x := leaves()[0]) * 2.0).run({x: ROWS["x"], "x": ROWS["x"]}), gn.FeedError,
     "input 'x' is fed twice"),
    ("feeds in a list", lambda: program().run([ROWS["x"], ROWS["y"]]), gn.FeedError, "feeds are a mapping"),
    ("feeds as an array", lambda: program().run(ROWS["x"]), gn.FeedError, "feeds are a mapping"),
    ("feed of rank 1", lambda: fed(x=np.ones(3)), gn.ShapeError, "2 axes, found 1"),
    ("feed of rank 3", lambda: fed(x=np.ones((4, 3, 1))), gn.ShapeError, "2 axes, found 3"),
    ("number for a matrix", lambda: fed(x=1.0), gn.ShapeError, "2 axes, found 0"),
    ("feed of another width", lambda: fed(x=np.ones((4, 5))), gn.ShapeError, "axis 1 is 5, wanted 3"),
    ("feeds of unlike batches", lambda: fed(y=[0, 1]),
     gn.ShapeError, "axis 'batch' is 4 in feed 'x' but 2 in feed 'y'"),
    ("ragged feed", lambda: fed(x=[[1.0, 2.0, 3.0], [1.0]]), gn.ShapeError, "Rows must have equal lengths"),
    ("text", lambda: fed(x="abc"), gn.DtypeError, "wanted numbers, found <U3"),
    ("nothing", lambda: fed(x=None), gn.DtypeError, "wanted numbers, found object"),
    ("complex numbers", lambda: fed(x=np.ones((4, 3), complex)), gn.DtypeError, "found complex128"),
    ("objects", lambda: fed(x=np.full((4, 3), None)), gn.DtypeError, "found object"),
    ("records", lambda: fed(x=np.zeros((4, 3), [("a", "f4")])), gn.DtypeError, "wanted numbers"),
    ("dates", lambda: fed(x=np.zeros((4, 3), "M8[s]")), gn.DtypeError, "wanted numbers"),
    ("bools for floats", lambda: fed(x=np.ones((4, 3), bool)), gn.DtypeError, "found bool, wanted float32"),
    ("node as a feed", lambda: fed(x=gn.scalar(1.0, "a")), gn.DtypeError, "Use its .value"),
    ("nodes as a feed", lambda: doubled([gn.scalar(1.0, "a")] * 2, ("n",)), gn.DtypeError, "gn.stack"),
    ("masked numbers", lambda: fed(x=masked()), gn.DtypeError, "masked"),
    ("numbers beyond float32", lambda: fed(x=np.full((4, 3), 1e300)), gn.DtypeError, "beyond float32's range"),
    ("NaN labels", lambda: fed(y=[0.0, np.nan, 0.0, 1.0]), gn.DtypeError, "NaN or infinity cannot become int64"),
    ("fractions as labels", lambda: fed(y=[0.5, 0.0, 0.0, 1.0]), gn.DtypeError, "is not whole"),
    ("float labels beyond int64", lambda: fed(y=[1e30, 0.0, 0.0, 1.0]), gn.DtypeError, "beyond int64's range"),
    ("unsigned labels beyond int64", lambda: fed(y=np.full(4, 2**63, np.uint64)),
     gn.DtypeError, "beyond int64's range"),
    ("bool labels", lambda: fed(y=[True, False, True, False]), gn.DtypeError, "found bool, wanted int64"),
    ("text labels", lambda: fed(y=["0", "1", "0", "1"]), gn.DtypeError, "wanted numbers"),
    ("label out of range", lambda: fed(y=[0, 1, 2, 0]), gn.FaultError, "softmax_cross_entropy"),
    ("negative label", lambda: fed(y=[0, -1, 1, 0]), gn.FaultError, "softmax_cross_entropy"),
    ("smallest label", lambda: fed(y=[0, -(2**63), 1, 0]), gn.FaultError, "softmax_cross_entropy"),
    ("row out of range", lambda: gn.Program(gn.take_rows(weight((5, 2)), gn.constant([0, 5]))).run(), gn.FaultError,
     "take_rows"),
    ("row far out of range", lambda: gn.Program(gn.take_rows(weight((5, 2)), gn.constant([2**62]))).run(),
     gn.FaultError, "take_rows"),
    ("negative row", lambda: gn.Program(gn.take_rows(weight((5, 2)), gn.constant([-6]))).run(), gn.FaultError,
     "take_rows"),
    ("window beyond the end",
     lambda: gn.Program(gn.take_window(gn.constant([0, 1, 2, 3, 4]), gn.constant(4), size=3)).run(),
     gn.FaultError, "take_window"),
    ("window before the beginning",
     lambda: gn.Program(gn.take_window(gn.constant([0, 1, 2, 3, 4]), gn.constant(-1), size=3)).run(),
     gn.FaultError, "take_window"),
    ("NaN that is watched", lambda: gn.Program(gn.log(weight() - 2.0), watch=True).run(), gn.NotFiniteError, "log"),
    ("watched NaN in a feed", lambda: program(watch=True).run({**ROWS, "x": np.full((4, 3), np.nan)}),
     gn.NotFiniteError, "x is in [nan, nan]"),
    ("one number seen as 2**40 rows", lambda: doubled(np.broadcast_to(np.float32(1), (2**40, 3))), gn.ShapeError,
     "more than this machine has"),
    ("one float64 seen as 2**40 rows", lambda: fed(x=np.broadcast_to(1.0, (2**40, 3))), gn.ShapeError,
     "more than this machine has"),
    ("no size for an axis", lambda: gn.Program(gn.broadcast_to(weight((1,)), ("batch",))).run(), gn.FeedError,
     "axis 'batch' has no size"),
    ("slice that leaves fewer than none",
     lambda: gn.Program(leaves()[0][3:]).run({"x": ROWS["x"][:2]}), gn.ShapeError,
     "batch-3"),
    ("product of axes that does not divide", lambda: gn.Program(gn.input("x", ("2*n",)) * 2.0).run({"x": [1.0]}),
     gn.GraphnnError, "n"),
]  # fmt: skip

PROGRAMS = [
    ("program of nothing", lambda: gn.Program(), gn.GraphError, "neither outputs nor updates"),
    ("program of a number", lambda: gn.Program(3), gn.GraphError, "3"),
    ("program of None", lambda: gn.Program(None), gn.GraphError, "None"),
    ("program of numbers", lambda: gn.Program([3]), gn.GraphError, "outputs are nodes, found 3"),
    ("program of a graph of inputs with one name", lambda: gn.Program(leaves()[0] + leaves()[0]), gn.GraphError,
     "two inputs are called 'x'"),
    ("updates in a list", lambda: gn.Program((), [(weight(), weight())]), gn.GraphError, "updates are a mapping"),
    ("update of an input", lambda: gn.Program((), {(x := leaves()[0]): x * 2.0}),
     gn.GraphError, "updates are for parameters"),
    ("update by name", lambda: gn.Program((), {"w": weight()}),
     gn.GraphError, "updates are for parameters, found 'w'"),
    ("update with a number", lambda: gn.Program((), {weight(): 3.0}), gn.GraphError, "is a node, found 3.0"),
    ("update of another shape", lambda: gn.Program((), {(w := weight()): w.sum()}), gn.ShapeError,
     "shape and dtype must be its own"),
    ("update of another dtype", lambda: gn.Program((), {(w := weight()): w.cast("float64")}), gn.ShapeError,
     "shape and dtype must be its own"),
    ("update of a constant", lambda: gn.Program((), {(c := gn.constant(1.0)): c + 1.0}), gn.GraphError,
     "updates are for parameters"),
    ("no repeats", lambda: gn.Program(weight()).run(repeats=0), gn.SettingError, "at least 1, found 0"),
    ("negative repeats", lambda: gn.Program(weight()).run(repeats=-3), gn.SettingError, "at least 1, found -3"),
    ("half a repeat", lambda: gn.Program(weight()).run(repeats=0.5), gn.SettingError, "whole number"),
    ("repeats of True", lambda: gn.Program(weight()).run(repeats=True), gn.SettingError, "found True"),
    ("repeats of text", lambda: gn.Program(weight()).run(repeats="2"), gn.SettingError, "found '2'"),
    ("unknown axis size", lambda: program().run(ROWS, sizes={"bach": 4}), gn.FeedError, "bach"),
    ("axis size against a feed", lambda: program().run(ROWS, sizes={"batch": 5}), gn.ShapeError, "5 in sizes but 4"),
    ("negative axis size", lambda: wide().run(sizes={"batch": -1}), gn.FeedError, "-1"),
    ("fraction as axis size", lambda: wide().run(sizes={"batch": 2.5}), gn.FeedError, "2.5"),
    ("True as axis size", lambda: wide().run(sizes={"batch": True}), gn.FeedError, "True"),
    ("text as axis size", lambda: wide().run(sizes={"batch": "2"}), gn.FeedError, "'2'"),
    ("sizes in a list", lambda: wide().run(sizes=[2]), gn.FeedError, "sizes"),
    ("axis size beyond memory", lambda: wide().run(sizes={"batch": 2**40}),
     gn.ShapeError, "more than this machine has"),
    ("axis size beyond int64", lambda: wide().run(sizes={"batch": 2**70}), gn.GraphnnError, "batch"),
    ("memory without sizes", lambda: program().memory(), gn.FeedError, "memory(batch=64)"),
    ("memory for a negative size", lambda: program().memory(batch=-1), gn.FeedError, "-1"),
    ("memory for an unknown axis", lambda: program().memory(bach=1), gn.FeedError, "batch"),
    ("bind without feeds", lambda: program().bind(), gn.FeedError, "no feed for"),
    ("profile without feeds", lambda: program().profile(), gn.FeedError, "no feed for"),
    ("profile with no repeats", lambda: gn.Program(weight() * 2.0).profile(repeats=-1), gn.SettingError, "-1"),
    ("trace of a number", lambda: gn.trace(3), gn.GraphError, "found 3"),
    ("trace without feeds", lambda: gn.trace(net()[0]), gn.FeedError, "no feed for"),
    ("trace with a wrong feed", lambda: gn.trace(net()[0], {"x": 1.0, "y": [0]}), gn.ShapeError, "2 axes, found 0"),
    ("value of a foreign node", lambda: run().value(weight()), gn.GraphError, "is not part of this graph"),
    ("value of a name", lambda: run().value("x"), gn.GraphError, "wanted a node, found 'x'"),
    ("gradient of a foreign node", lambda: run().gradient(weight()), gn.GraphError, "is not part of this graph"),
    ("gradient of a run without a loss", lambda: gn.trace(w := weight()).gradient(w), gn.NotComputedError,
     "trace one scalar float"),
    ("contribution of a node", lambda: run().contribution(weight()), gn.GraphError, "wanted an edge"),
    ("contribution of a foreign edge", lambda: run().contribution(gn.Graph(weight().sum()).edges[0]), gn.GraphError,
     "is not part of this graph"),
    ("state of a number", lambda: gn.gradient_state(3), gn.GraphError, "found 3"),
    ("written output", lambda: gn.Program(weight()).run().__setitem__(0, 1.0), ValueError, "read-only"),
    ("written value", lambda: weight().value.__setitem__(0, 1.0), ValueError, "read-only"),
    ("written value of a run", lambda: (r := run()).value(r.graph.parameters[0]).fill(0.0), ValueError, "read-only"),
    ("written gradient", lambda: (r := run()).gradient(r.graph.parameters[0]).fill(0.0), ValueError, "read-only"),
]  # fmt: skip


def wide():
    """A program whose size is given by `sizes` alone."""
    return gn.Program(gn.broadcast_to(weight((1, 1)), ("batch", 3)).sum(axis=1))


LAYERS = [
    ("no units", lambda: gn.nn.Dense(0), gn.SettingError, "at least 1, found 0"),
    ("units beyond memory", lambda: dense(10**12), gn.ShapeError, "w (3, 1000000000000) needs 48000.0 GB"),
    ("dropout of everything", lambda: gn.nn.Dropout(1.0), gn.SettingError, "rate: wanted a number from 0 to below 1"),
    ("dropout by text", lambda: gn.nn.Dropout("half"), gn.SettingError, "found 'half'"),
    ("negative units", lambda: gn.nn.Dense(-2), gn.SettingError, "at least 1, found -2"),
    ("units of a fraction", lambda: gn.nn.Dense(2.5), gn.SettingError, "found 2.5"),
    ("units of True", lambda: gn.nn.Dense(True), gn.SettingError, "found True"),
    ("units of text", lambda: gn.nn.Dense("2"), gn.SettingError, "found '2'"),
    ("activation by name", lambda: gn.nn.Dense(2, "relu"), gn.SettingError, "such as gn.relu, found 'relu'"),
    ("activation that gives no node", lambda: dense(2, lambda y: 3), gn.GraphError, "activation"),
    ("negative seed", lambda: gn.nn.Dense(2, seed=-1), gn.SettingError, "found -1"),
    ("seed of True", lambda: gn.nn.Dense(2, seed=True), gn.SettingError, "found True"),
    ("layer named by a number", lambda: gn.nn.Dense(2, name=3), gn.SettingError, "3"),
    ("layer with a slash in its name", lambda: gn.nn.Dense(2, name="a/b"), gn.SettingError, "'a/b'"),
    ("layer of an array", lambda: dense(2, x=ROWS["x"]), gn.GraphError, "wanted a node"),
    ("layer of labels", lambda: dense(2, x=leaves()[1]), gn.DtypeError, "is not a float"),
    ("layer of a named width", lambda: dense(2, x=gn.input("x", (4, "width"))), gn.ShapeError,
     "the last axis must have a known size"),
    ("layer of a number", lambda: dense(2, x=gn.input("x", ())),
     gn.ShapeError, "the last axis must have a known size"),
    ("layer built for another width", lambda: two_widths(), gn.ShapeError, "was built for"),
    ("initialiser that is no function", lambda: dense(2, weight_init="he"), gn.SettingError, "'he'"),
    ("initialiser of another shape", lambda: dense(2, weight_init=lambda shape, rng: np.zeros(3)),
     gn.ShapeError, "(3, 2)"),
    ("sequence of nothing", lambda: gn.nn.Sequential([]), gn.SettingError, "at least one layer"),
    ("sequence of a number", lambda: gn.nn.Sequential(3), gn.SettingError, "3"),
    ("sequence of one layer without a list", lambda: gn.nn.Sequential(gn.nn.Dense(2)), gn.SettingError, "layer"),
    ("sequence with a number", lambda: gn.nn.Sequential([3]), gn.SettingError, "found 3"),
    ("sequence with a name twice", lambda: gn.nn.Sequential([gn.nn.Dense(2, name="a"), gn.nn.Dense(2, name="a")]),
     gn.SettingError, "two layers are called 'a'"),
    ("sequence of an array", lambda: gn.nn.Sequential([gn.nn.Dense(2)])(ROWS["x"]), gn.GraphError, "wanted a node"),
    ("step that gives no node",
     lambda: gn.nn.Sequential([lambda x: None, gn.nn.Dense(2)])(leaves()[0]), gn.GraphError,
     "wanted a node, found None"),
    ("initialiser without a generator", lambda: gn.init.he((2, 3), 5),
     gn.SettingError, "draws from a numpy.random.Generator"),
    ("negative deviation", lambda: gn.init.normal(-1.0), gn.SettingError, "-1.0"),
]  # fmt: skip


def two_widths():
    layer = gn.nn.Dense(2)
    return layer(gn.input("x", ("batch", 3))), layer(gn.input("z", ("batch", 4)))


OPTIMISERS = [
    ("rate 0", lambda: gn.optim.SGD(0.0), gn.SettingError, "learning_rate: wanted a positive number, found 0.0"),
    ("negative rate", lambda: gn.optim.Adam(-0.1), gn.SettingError, "found -0.1"),
    ("rate of NaN", lambda: gn.optim.Adam(float("nan")), gn.SettingError, "found nan"),
    ("infinite rate", lambda: gn.optim.SGD(float("inf")), gn.SettingError, "found inf"),
    ("rate of text", lambda: gn.optim.SGD("0.1"), gn.SettingError, "found '0.1'"),
    ("rate of True", lambda: gn.optim.SGD(True), gn.SettingError, "found True"),
    ("momentum 1", lambda: gn.optim.SGD(0.1, 1.0), gn.SettingError, "momentum: wanted a number from 0 to below 1"),
    ("negative momentum", lambda: gn.optim.SGD(0.1, -0.5), gn.SettingError, "found -0.5"),
    ("look ahead without momentum", lambda: gn.optim.SGD(0.1, nesterov=True), gn.SettingError, "momentum"),
    ("beta 1", lambda: gn.optim.Adam(beta1=1.0), gn.SettingError, "beta1"),
    ("negative beta2", lambda: gn.optim.Adam(beta2=-0.1), gn.SettingError, "beta2"),
    ("epsilon 0", lambda: gn.optim.Adam(epsilon=0.0), gn.SettingError, "epsilon"),
    ("fewer gradients than parameters", lambda: gn.optim.SGD().updates([weight()], []), gn.SettingError,
     "1 parameters but 0 gradients"),
    ("gradient of another shape", lambda: gn.optim.SGD().updates([weight()], [weight((3,))]), gn.ShapeError, "w"),
    ("gradient of another shape, Adam", lambda: gn.optim.Adam().updates([weight()], [weight((3,))]),
     gn.ShapeError, "w"),
    ("gradient that broadcasts", lambda: gn.optim.SGD().updates([weight()], [weight(())]), gn.ShapeError, "w"),
    ("parameter listed twice", lambda: gn.optim.SGD().updates([w := weight(), w], [w, w]),
     gn.SettingError, "listed twice"),
    ("arrays for nodes", lambda: gn.optim.SGD().updates([np.ones(2)], [np.ones(2)]), gn.GraphError, "parameter"),
    ("input as a parameter", lambda: gn.optim.Adam().updates([leaves()[0]], [leaves()[0]]),
     gn.GraphError, "parameter"),
    ("parameters that are no list", lambda: gn.optim.SGD().updates(weight(), weight()), gn.SettingError, "list"),
    ("learning rate of 0 later", lambda: set_rate(0.1, "fast"), gn.DtypeError, "wanted numbers"),
]  # fmt: skip


def set_rate(first, later):
    gn.optim.SGD(first).learning_rate.value = later


TRAINING = [
    ("loss of a number", lambda: gn.Trainer(3.0, gn.optim.SGD()), gn.GraphError, "loss is a node, found 3.0"),
    ("loss of rows", lambda: gn.Trainer(leaves()[0] * weight((3,)), gn.optim.SGD()),
     gn.ShapeError, "is not a scalar"),
    ("optimiser by name", lambda: gn.Trainer(net()[0], "adam"),
     gn.SettingError, "such as gn.optim.Adam(), found 'adam'"),
    ("optimiser's class", lambda: gn.Trainer(net()[0], gn.optim.Adam),
     gn.SettingError, "optimizer is one of gn.optim"),
    ("nothing to train", lambda: gn.Trainer(leaves()[0].sum(), gn.optim.SGD()),
     gn.GraphError, "depends on no parameter"),
    ("parameters of another model", lambda: trainer(parameters=[weight()]), gn.GraphError, "no differentiable path"),
    ("parameters of numbers", lambda: trainer(parameters=[3]), gn.GraphError, "holds 3"),
    ("parameters of an input", lambda: gn.Trainer((n := leaves()[0] * 2.0).sum(), gn.optim.SGD(), parameters=[n]),
     gn.GraphError, "parameter"),
    ("parameter listed twice", lambda: gn.Trainer((w := weight()).sum(), gn.optim.SGD(), parameters=[w, w]),
     gn.SettingError, "listed twice"),
    ("no parameters", lambda: trainer(parameters=[]), gn.GraphError, "nothing to train"),
    ("metric of rows", lambda: trainer(metrics={"m": leaves()[0]}), gn.SettingError, "metric 'm' is a 0-d node"),
    ("metric of a number", lambda: trainer(metrics={"m": 3.0}), gn.SettingError, "metric 'm' is a 0-d node"),
    ("metric called loss", lambda: trainer(metrics={"loss": weight(())}), gn.SettingError, "'loss'"),
    ("metrics in a list", lambda: trainer(metrics=[weight(())]), gn.SettingError, "metrics"),
    ("output of a number", lambda: trainer(output=3), gn.GraphError, "output"),
    ("evaluation loss of a number", lambda: trainer(evaluation_loss=3), gn.GraphError, "evaluation_loss"),
    ("evaluation loss of rows", lambda: trainer(evaluation_loss=leaves()[0]), gn.ShapeError, "scalar"),
    ("no epochs", lambda: fit(epochs=0), gn.SettingError, "epochs is a whole number of at least 1, found 0"),
    ("half an epoch", lambda: fit(epochs=0.5), gn.SettingError, "epochs"),
    ("epochs of True", lambda: fit(epochs=True), gn.SettingError, "epochs"),
    ("batch of 0", lambda: fit(batch=0), gn.SettingError, "batch is a whole number of at least 1, found 0"),
    ("negative batch", lambda: fit(batch=-4), gn.SettingError, "batch"),
    ("batch of text", lambda: fit(batch="64"), gn.SettingError, "found '64'"),
    ("negative seed", lambda: fit(seed=-1), gn.SettingError, "seed"),
    ("seed of a fraction", lambda: fit(seed=0.5), gn.SettingError, "seed"),
    ("seed beyond int64", lambda: fit(seed=2**70), gn.SettingError, "seed"),
    ("seed of None", lambda: fit(seed=None), gn.SettingError, "seed"),
    ("data of a number", lambda: fit(3), gn.FeedError, "data is a Dataset or a mapping"),
    ("data of an array", lambda: fit(ROWS["x"]), gn.FeedError, "data is a Dataset or a mapping"),
    ("data in a pair", lambda: fit((ROWS["x"], ROWS["y"])), gn.FeedError, "data is a Dataset or a mapping"),
    ("no labels", lambda: fit({"x": ROWS["x"]}), gn.FeedError, "no rows for input 'y'"),
    ("unknown input", lambda: fit({**ROWS, "z": ROWS["y"]}), gn.FeedError, "there is no input 'z'"),
    ("unequal rows", lambda: fit({**ROWS, "y": [0, 1]}), gn.ShapeError, "rows differ in number"),
    ("rows of another width", lambda: fit({**ROWS, "x": np.ones((4, 2))}), gn.ShapeError, "wanted (batch, 3)"),
    ("no rows", lambda: fit({"x": np.ones((0, 3)), "y": np.ones(0, int)}), gn.FeedError, "the data has no rows"),
    ("NaN in the rows", lambda: fit({**ROWS, "x": np.where(np.eye(4, 3), np.nan, 1.0)}), gn.FeedError,
     "holds NaN or infinity, first in row 0"),
    ("infinity in the rows", lambda: fit({**ROWS, "x": np.where(np.eye(4, 3, -2), np.inf, 1.0)}), gn.FeedError,
     "first in row 2"),
    ("NaN labels", lambda: fit({**ROWS, "y": [np.nan, 0, 0, 1]}), gn.DtypeError, "cannot become int64"),
    ("label out of range", lambda: fit({**ROWS, "y": [0, 1, 7, 1]}), gn.FaultError, "7"),
    ("masked rows", lambda: fit({**ROWS, "x": masked()}), gn.DtypeError, "masked"),
    ("validation of a number", lambda: fit(validation=3), gn.FeedError, "validation: data is a Dataset"),
    ("validation without rows", lambda: fit(validation={"x": np.ones((0, 3)), "y": np.ones(0, int)}), gn.FeedError,
     "the data has no rows"),
    ("loss without inputs", lambda: gn.Trainer((weight() ** 2.0).sum(), gn.optim.SGD()).fit({}),
     gn.GraphError, "input"),
    ("evaluate without inputs",
     lambda: gn.Trainer((weight() ** 2.0).sum(), gn.optim.SGD()).evaluate({}), gn.GraphError,
     "input"),
    ("input without a batch axis", lambda: fixed_batch().fit({"x": np.ones((4, 3))}), gn.ShapeError,
     "the first axis of input 'x' float32 (4, 3) must be named"),
    ("input with twice the batch", lambda: fixed_batch("2*batch").fit({"x": np.ones((4, 3))}), gn.ShapeError,
     "must be named"),
    ("step without feeds", lambda: trainer().step({}), gn.FeedError, "no feed for"),
    ("inspect without feeds", lambda: trainer().inspect({}), gn.FeedError, "no feed for"),
    ("evaluate a number", lambda: trainer().evaluate(3), gn.FeedError, "data is a Dataset or a mapping"),
    ("predict without an output", lambda: trainer().predict(ROWS["x"]),
     gn.SettingError, "Pass output=... to Trainer"),
    ("predict from text", lambda: predicting().predict("rows"), gn.DtypeError, "wanted numbers"),
    ("predict from another width", lambda: predicting().predict(np.ones((2, 9))), gn.ShapeError, "wanted (batch, 3)"),
    ("predict from nothing", lambda: predicting().predict(None), gn.DtypeError, "wanted numbers"),
    ("unknown measure", lambda: fit()["lss"], gn.SettingError, "there is no measure 'lss'. Did you mean 'loss'?"),
    ("last of no epochs", lambda: gn.History().last, gn.SettingError, "no epoch has been run yet"),
]  # fmt: skip


def fixed_batch(size=4):
    return gn.Trainer((gn.input("x", (size, 3)) * weight((3,))).sum(), gn.optim.SGD())


def predicting():
    x, y = leaves()
    logits = gn.nn.Dense(2)(x)
    return gn.Trainer(gn.softmax_cross_entropy(logits, y), gn.optim.SGD(), output=logits)


DATA = [
    ("rows of unlike number", lambda: gn.data.Dataset(np.ones((3, 2)), np.ones(2)),
     gn.ShapeError, "rows must be equally many"),
    ("rows of numbers", lambda: gn.data.Dataset(3.0, 4.0), gn.ShapeError, "rows"),
    ("rows of None", lambda: gn.data.Dataset(None, None), gn.DtypeError, "wanted numbers"),
    ("split of a number", lambda: gn.data.split(3), gn.SettingError, "Dataset"),
    ("fraction 0", lambda: gn.data.split(digits(), 0.0), gn.SettingError, "fraction lies between 0 and 1, found 0.0"),
    ("fraction 1.5", lambda: gn.data.split(digits(), 1.5), gn.SettingError, "found 1.5"),
    ("fraction of NaN", lambda: gn.data.split(digits(), float("nan")), gn.SettingError, "found nan"),
    ("fraction of text", lambda: gn.data.split(digits(), "0.2"), gn.SettingError, "found '0.2'"),
    ("negative seed", lambda: gn.data.split(digits(), seed=-1), gn.SettingError, "seed"),
    ("seed of text", lambda: gn.data.split(digits(), seed="1"), gn.SettingError, "seed"),
    ("one row", lambda: gn.data.split(digits(1)), gn.SettingError, "has 1 rows; splitting needs at least 2"),
    ("a part without rows", lambda: gn.data.split(digits(4), 0.01), gn.SettingError, "no rows"),
    ("warm-up without processes", lambda: gn.warmup(processes=0), gn.SettingError, "processes"),
    ("warm-up with a half process", lambda: gn.warmup(processes=0.5), gn.SettingError, "processes"),
]  # fmt: skip

TABLES = {
    "feeds": FEEDS,
    "programs": PROGRAMS,
    "layers": LAYERS,
    "optimisers": OPTIMISERS,
    "training": TRAINING,
    "data": DATA,
}
