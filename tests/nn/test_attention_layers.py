"""Attention and transformer blocks equal PyTorch's, in values and in every gradient, and keep out what masks hide."""

from __future__ import annotations

import numpy as np
import pytest

import graphnn as gn

WIDTH, HEADS, STEPS, KEYS, HIDDEN = 8, 4, 7, 5, 12


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def node(name: str, *shape: object, dtype: str = "float64") -> gn.Node:
    return gn.input(name, ("batch", *shape), dtype)


def draw_parameters(layer: gn.nn.Layer) -> None:
    for k, p in enumerate(layer.parameters):
        p.value = 0.5 * rng(k).normal(size=p.shape)


def present(steps: int) -> np.ndarray:
    """Which steps of three sequences are more than filling."""
    found = np.ones((3, steps), bool)
    found[1, 3:] = found[2, 1:] = False
    return found


class Twin:
    """Pairs of our parameters and PyTorch's, some of which hold several of ours below each other, transposed."""

    def __init__(self) -> None:
        self.torch = pytest.importorskip("torch")
        self.pairs: list[tuple[object, tuple[gn.Node, ...]]] = []

    def same(self, theirs, *ours: gn.Node) -> None:
        value = np.concatenate([p.value.T for p in ours])
        with self.torch.no_grad():
            theirs.copy_(self.torch.tensor(np.ascontiguousarray(value)))
        self.pairs.append((theirs, ours))

    def attention(self, theirs, layer: gn.nn.MultiHeadAttention) -> None:
        p = {p.name: p for p in layer.parameters}
        if theirs.in_proj_weight is None:
            for letter in "qkv":
                self.same(getattr(theirs, f"{letter}_proj_weight"), p[f"w{letter}"])
        else:
            self.same(theirs.in_proj_weight, p["wq"], p["wk"], p["wv"])
        self.same(theirs.out_proj.weight, p["wo"])
        if layer.use_bias:
            self.same(theirs.in_proj_bias, p["bq"], p["bk"], p["bv"])
            self.same(theirs.out_proj.bias, p["bo"])

    def block(self, theirs, block) -> None:
        self.attention(theirs.self_attn, block.attention)
        if hasattr(theirs, "multihead_attn"):
            self.attention(theirs.multihead_attn, block.cross)
        for k, layer in enumerate(block.layers[1::2]):
            scale, shift = layer.parameters
            norm = getattr(theirs, f"norm{k + 1}")
            self.same(norm.weight, scale)
            self.same(norm.bias, shift)
        w1, b1, w2, b2 = block.feed_forward.parameters
        for line, w, b in ((theirs.linear1, w1, b1), (theirs.linear2, w2, b2)):
            self.same(line.weight, w)
            self.same(line.bias, b)

    def compare(self, layer: gn.nn.Layer, y: gn.Node, feeds: dict, theirs) -> None:
        """Values and the gradients of all parameters."""
        found = {p: k for k, p in enumerate(layer.parameters)}
        assert sum(len(ours) for _, ours in self.pairs) == len(found)
        factor, given = rng(99).normal(size=theirs.shape), node("factor", *y.shape[1:])
        (theirs * self.torch.tensor(factor)).sum().backward()
        slopes = gn.gradient((y * given).sum(), list(layer.parameters))
        value, *slopes = gn.Program([y, *slopes]).run({**feeds, given: factor})
        np.testing.assert_allclose(value, theirs.detach().numpy(), rtol=1e-9, atol=1e-11)
        for their, ours in self.pairs:
            wanted = np.concatenate([slopes[found[p]].T for p in ours])
            np.testing.assert_allclose(wanted, their.grad.numpy(), rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("cross", [True, False])
def test_attention_is_pytorchs(bias: bool, cross: bool) -> None:
    twin = Twin()
    layer = gn.nn.MultiHeadAttention(HEADS, causal=not cross, use_bias=bias)
    x, memory = node("x", STEPS, WIDTH), node("memory", KEYS, 6)
    some = node("present", KEYS if cross else STEPS, dtype="bool")
    y = layer(x, memory, present=some) if cross else layer(x, present=some)
    draw_parameters(layer)
    sizes = {"kdim": 6, "vdim": 6} if cross else {}
    theirs = twin.torch.nn.MultiheadAttention(
        WIDTH, HEADS, bias=bias, batch_first=True, dtype=twin.torch.float64, **sizes
    )
    twin.attention(theirs, layer)
    data = {x: rng(7).normal(size=(3, STEPS, WIDTH)), some: present(some.shape[1])}
    if cross:
        data[memory] = rng(8).normal(size=(3, KEYS, 6))
    tensors = {n: twin.torch.tensor(v) for n, v in data.items()}
    other = tensors[memory] if cross else tensors[x]
    later = None if cross else twin.torch.triu(twin.torch.ones(STEPS, STEPS, dtype=bool), 1)
    out, _ = theirs(tensors[x], other, other, key_padding_mask=~tensors[some], attn_mask=later)
    twin.compare(layer, y, data, out)


@pytest.mark.parametrize("norm_first", [True, False])
@pytest.mark.parametrize("kind", ["gelu", "relu"])
def test_a_block_is_pytorchs_encoder_layer(norm_first: bool, kind: str) -> None:
    twin = Twin()
    block = gn.nn.TransformerBlock(HEADS, hidden=HIDDEN, activation=getattr(gn, kind), norm_first=norm_first)
    x, some = node("x", STEPS, WIDTH), node("present", STEPS, dtype="bool")
    y = block(x, present=some)
    draw_parameters(block)
    theirs = twin.torch.nn.TransformerEncoderLayer(
        WIDTH, HEADS, HIDDEN, 0.0, kind, batch_first=True, norm_first=norm_first, dtype=twin.torch.float64
    )
    twin.block(theirs, block)
    data = {x: rng(7).normal(size=(3, STEPS, WIDTH)), some: present(STEPS)}
    out = theirs(twin.torch.tensor(data[x]), src_key_padding_mask=twin.torch.tensor(~data[some]))
    twin.compare(block, y, data, out)


@pytest.mark.parametrize("norm_first", [True, False])
def test_a_decoder_block_is_pytorchs_decoder_layer(norm_first: bool) -> None:
    twin = Twin()
    torch = twin.torch
    block = gn.nn.TransformerDecoderBlock(HEADS, hidden=HIDDEN, norm_first=norm_first)
    x, memory = node("x", STEPS, WIDTH), node("memory", KEYS, WIDTH)
    some = node("present", KEYS, dtype="bool")
    y = block(x, memory, memory_present=some)
    draw_parameters(block)
    theirs = torch.nn.TransformerDecoderLayer(
        WIDTH, HEADS, HIDDEN, 0.0, "gelu", batch_first=True, norm_first=norm_first, dtype=torch.float64
    )
    twin.block(theirs, block)
    data = {x: rng(7).normal(size=(3, STEPS, WIDTH)), memory: rng(8).normal(size=(3, KEYS, WIDTH)),
            some: present(KEYS)}  # fmt: skip
    out = theirs(
        torch.tensor(data[x]), torch.tensor(data[memory]),
        tgt_mask=torch.triu(torch.ones(STEPS, STEPS, dtype=bool), 1),
        memory_key_padding_mask=torch.tensor(~data[some]),
    )  # fmt: skip
    twin.compare(block, y, data, out)


def test_a_step_of_a_causal_block_does_not_hang_on_what_comes_later() -> None:
    block = gn.nn.TransformerBlock(HEADS, causal=True)
    x = node("x", STEPS, WIDTH)
    program = gn.Program(block(x))
    data = rng(1).normal(size=(2, STEPS, WIDTH))
    first = program.run({x: data})
    data[:, 4:] += 1.0
    second = program.run({x: data})
    np.testing.assert_array_equal(first[:, :4], second[:, :4])
    assert (first[:, 4:] != second[:, 4:]).all(axis=(0, 2)).all()


def test_the_masks_of_a_call_hold_together() -> None:
    """causal, mask and present are one mask: their conjunction."""
    layer = gn.nn.MultiHeadAttention(2, causal=True)
    plain = gn.nn.MultiHeadAttention(2)
    x, some = node("x", STEPS, WIDTH), node("present", STEPS, dtype="bool")
    mask = rng(3).random((STEPS, STEPS)) < 0.7
    y = layer(x, mask=mask, present=some)
    whole = node("whole", 1, STEPS, STEPS, dtype="bool")
    z = plain(x, mask=whole)
    for a, b in zip(layer.parameters, plain.parameters, strict=True):
        b.value = a.value
    data, there = rng(4).normal(size=(3, STEPS, WIDTH)), present(STEPS)
    both = np.tril(mask) & there[:, None, None, :]
    a, b = gn.Program([y, z]).run({x: data, some: there, whole: both})
    np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)


def test_a_block_runs_at_any_number_of_steps() -> None:
    block = gn.nn.TransformerBlock(HEADS, causal=True)
    x = node("x", "steps", WIDTH)
    program = gn.Program(block(x))
    data = rng(5).normal(size=(2, STEPS, WIDTH))
    np.testing.assert_allclose(
        program.run({x: data[:, :3]}), program.run({x: data})[:, :3], rtol=1e-10, atol=1e-12
    )


def test_dropout_of_a_block_is_in_training_only_and_each_has_a_stream_of_its_own() -> None:
    block = gn.nn.TransformerDecoderBlock(HEADS, dropout=0.25)
    x, memory = node("x", STEPS, WIDTH), node("memory", KEYS, WIDTH)
    calm, noisy = block(x, memory), block(x, memory, training=True)
    assert "dropout" not in [n.op.name for n in gn.Graph(calm).nodes]
    masks = [n for n in gn.Graph(noisy).nodes if n.op.name == "dropout"]
    # Of both attentions' weights, of hidden units, and of what the three parts add.
    assert len(masks) == 6 and len({n.attributes["seed"] for n in masks}) == 6
    data = {x: np.ones((2, STEPS, WIDTH)), memory: np.ones((2, KEYS, WIDTH))}
    updates = gn.state_updates(noisy)
    step = gn.Program(noisy, updates)
    assert len(updates) == 4 and not np.array_equal(step.run(data), step.run(data))


def test_scopes_of_a_stack_of_blocks_can_be_read() -> None:
    model = gn.nn.Sequential([
        gn.nn.PositionalEncoding("learned", length=STEPS),
        gn.nn.TransformerBlock(2),
        gn.nn.TransformerBlock(2),
    ])  # fmt: skip
    y = model(node("x", STEPS, WIDTH))
    assert list(dict.fromkeys(p.scope for p in model.parameters)) == [
        "net/places",
        *[f"net/block{k}/{part}" for k in (1, 2) for part in ("attention", "norm1", "feed_forward", "norm2")],
    ]
    inner = {n.scope for n in gn.Graph(y).nodes if n.op.role == "op"}
    assert {"net/block1/attention", "net/block2/feed_forward"} <= inner | {s.rsplit("/", 1)[0] for s in inner}


def test_places_are_told_apart_in_waves_or_by_learning() -> None:
    x = node("x", STEPS, WIDTH)
    waves = gn.nn.PositionalEncoding()
    value = gn.interpret(waves(x), {x: np.zeros((1, STEPS, WIDTH))})[0][0]
    angle = np.arange(STEPS)[:, None] / 10_000 ** (np.arange(0, WIDTH, 2) / WIDTH)
    np.testing.assert_allclose(value[:, ::2], np.sin(angle), rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(value[:, 1::2], np.cos(angle), rtol=1e-12, atol=1e-15)

    learned = gn.nn.PositionalEncoding("learned", length=10)
    y = learned(x)
    (table,) = learned.parameters
    assert table.shape == (10, WIDTH) and 0.01 < table.value.std() < 0.03
    slope = gn.Program([y, gn.gradient(y.sum(), table)]).run({x: np.zeros((3, STEPS, WIDTH))})[1]
    np.testing.assert_array_equal(
        slope, np.repeat([[3.0], [0.0]], [STEPS, 10 - STEPS], axis=0) * np.ones(WIDTH)
    )


@pytest.mark.parametrize("kind", ["waves", "learned"])
def test_places_of_a_named_number_of_steps_end_at_the_length(kind: str) -> None:
    x = node("x", "steps", WIDTH)
    program = gn.Program(gn.nn.PositionalEncoding(kind, length=10)(x))
    many = program.run({x: np.zeros((1, 10, WIDTH))})
    np.testing.assert_array_equal(program.run({x: np.zeros((2, 4, WIDTH))})[1], many[0, :4])
    with pytest.raises(gn.FaultError, match="places"):
        program.run({x: np.zeros((1, 11, WIDTH))})


def test_a_feed_forward_net_serves_any_number_of_axes() -> None:
    layer = gn.nn.FeedForward(6, gn.relu)
    draws = rng(2).normal(size=(2, 3, 4))
    x, rows = gn.input("x", ("batch", 3, 4), "float64"), gn.input("rows", ("batch", 4), "float64")
    y, z = layer(x), layer(rows)
    a, b = gn.Program([y, z.sum()]).run({x: draws, rows: draws[:, 0]})
    w1, b1, w2, b2 = (p.value for p in layer.parameters)
    wanted = np.maximum(draws @ w1 + b1, 0) @ w2 + b2
    np.testing.assert_allclose(a, wanted, rtol=1e-12)
    np.testing.assert_allclose(b, wanted[:, 0].sum(), rtol=1e-12)


x3, m3 = gn.input("x", ("batch", 5, 8)), gn.input("m", ("batch", 3, 8))
MHA, Block, Decoder, Places = (
    gn.nn.MultiHeadAttention, gn.nn.TransformerBlock, gn.nn.TransformerDecoderBlock, gn.nn.PositionalEncoding,
)  # fmt: skip
WRONG = [
    (lambda: MHA(0), gn.SettingError, "heads is a whole number of at least 1"),
    (lambda: MHA(3, width=8), gn.SettingError, "width of 8 cannot be cut into 3 heads"),
    (lambda: MHA(3)(x3), gn.ShapeError, "8 features cannot be cut into 3 heads.*Say a width"),
    (lambda: MHA(2)(gn.input("x", ("batch", 8))), gn.ShapeError, "x is .batch, steps, features."),
    (lambda: MHA(2)(gn.input("x", ("batch", 5, "d"))), gn.ShapeError, "features of x must have a known size"),
    (lambda: MHA(2)(x3, m3, m3, m3), gn.ShapeError, "found 4 nodes"),
    (lambda: MHA(2)(x3, gn.input("m", ("rows", 3, 8))), gn.ShapeError, "wanted keys .batch, 3, 8."),
    (lambda: MHA(2)(x3, m3, x3), gn.ShapeError, "wanted values .batch, 3, 8."),
    (lambda: MHA(2)(x3, mask=np.ones((5, 4), bool)), gn.ShapeError, "broadcasts to .*batch, 2, 5, 5.*present="),
    (lambda: MHA(2)(x3, mask=np.ones((5, 5))), gn.DtypeError, "mask is true where.*Compare first"),
    (lambda: MHA(2)(x3, present=np.ones((5,), bool)), gn.ShapeError, "present is true or false for each step"),
    (lambda: MHA(2, dropout=1.5), gn.SettingError, "dropout"),
    (lambda: MHA(2, weight_init=1), gn.SettingError, "an initialiser is a function"),
    (lambda: Block(2, activation="gelu"), gn.SettingError, "activation is a function"),
    (lambda: Block(2, hidden=0), gn.SettingError, "hidden"),
    (lambda: Block(2, eps=0), gn.SettingError, "eps"),
    (lambda: Block(2)(x3, m3), gn.ShapeError, "takes x alone, found 2 nodes"),
    (lambda: Decoder(2)(x3), gn.ShapeError, "takes x and memory, found 1 node"),
    (lambda: Places("wave"), gn.SettingError, "Did you mean 'waves'"),
    (lambda: Places("learned"), gn.SettingError, "need a length"),
    (lambda: Places(length=4)(x3), gn.ShapeError, "x has 5 steps, but places are for 4"),
    (lambda: Places()(gn.input("x", ("batch", "t", 8))), gn.ShapeError, "Give length="),
    (lambda: Places()(gn.input("x", ("batch", 8))), gn.ShapeError, "wanted .batch, steps, features."),
]  # fmt: skip


@pytest.mark.parametrize(("act", "error", "text"), WRONG)
def test_wrong_use_is_told_in_words(act, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        act()
