"""Models that are made of layers learn what they are known to learn, in a trainer, from a seed to a stated loss."""

from __future__ import annotations

import numpy as np
import pytest

import graphnn as gn

WORDS = 5
MODELS = {
    "rnn": lambda: gn.nn.RNN(6, layers=2, both_ways=True, dropout=0.3),
    "gru": lambda: gn.nn.GRU(6, layers=2, merge="sum", both_ways=True, dropout=0.3),
    "lstm": lambda: gn.nn.LSTM(6, layers=3, dropout=0.3),
    "attention": lambda: gn.nn.MultiHeadAttention(2, dropout=0.3),
    "block": lambda: gn.nn.TransformerBlock(2, dropout=0.3),
    "tower": lambda: gn.nn.Repeat(2, lambda: gn.nn.TransformerBlock(2, dropout=0.3, norm_first=False)),
    "residual": lambda: gn.nn.Residual([gn.nn.Dense(6), gn.nn.Dropout(0.3)]),
    "branches": lambda: gn.nn.Branches([gn.nn.Dense(6), gn.nn.Dropout(0.3)]),
    "ensemble": lambda: gn.nn.Ensemble(
        lambda: gn.nn.Sequential([gn.nn.Dropout(0.3), gn.nn.Dense(6)]), count=2, average="outputs"
    ),
}


def set_up(make, seed: int) -> gn.Trainer:
    """A trainer whose training graph drops, and whose graph for measuring does not."""
    x = gn.input("x", ("batch", WORDS), "int64")
    model = gn.nn.Sequential([gn.nn.Embedding(WORDS, 8), make()], seed=seed)
    noisy, calm = (gn.exp(model(x, training=t)).mean() for t in (True, False))
    return gn.Trainer(noisy, gn.optim.SGD(1e-12), evaluation_loss=calm, output=model(x))


@pytest.mark.parametrize("name", MODELS)
def test_one_seed_fixes_weights_and_masks_and_only_training_drops(name: str) -> None:
    rows = {"x": np.arange(4 * WORDS).reshape(4, WORDS) % WORDS}
    trainers = [set_up(MODELS[name], seed) for seed in (1, 1, 2)]
    losses = [[trainer.step(rows) for _ in range(3)] for trainer in trainers]
    # The learning rate is too small to change anything: losses differ by their masks alone.
    assert losses[0] == losses[1] and len(set(losses[0])) == 3
    assert not set(losses[0]) & set(losses[2])
    measured = [trainer.evaluate(rows)["loss"] for trainer in trainers for _ in range(2)]
    assert measured[0] == measured[1] == measured[2] == measured[3] != measured[4]
    values = [[p.value.tobytes() for p in trainer.parameters] for trainer in trainers]
    assert values[0] == values[1] != values[2]


def accuracy_of(trainer: gn.Trainer, data) -> float:
    return trainer.evaluate(data)["accuracy"]


@pytest.mark.parametrize(("kind", "both_ways"), [(gn.nn.LSTM, False), (gn.nn.GRU, True)])
def test_recurrent_layers_learn_to_add_two_marked_numbers(kind: type, both_ways: bool) -> None:
    """Always answering 1 gives 1/6; a sixtieth of that shows that marks and numbers are both remembered."""
    data = gn.data.adding(1500, length=8, seed=1)
    x, y = gn.input("x", ("batch", 8, 2)), gn.input("y", ("batch", 1))
    model = gn.nn.Sequential([kind(16, both_ways=both_ways), gn.nn.Dense(1)], seed=1)
    loss = gn.mean_squared_error(model(x, training=True), y)
    trainer = gn.Trainer(loss, gn.optim.Adam(0.01), evaluation_loss=gn.mean_squared_error(model(x), y))
    trainer.fit(data, epochs=25, batch=50, seed=1, progress=False)
    assert trainer.evaluate(gn.data.adding(500, length=8, seed=2))["loss"] < 1 / 400


def test_transformer_blocks_learn_to_say_a_sequence_backwards() -> None:
    data = gn.data.reversing(800, length=6, symbols=5, seed=1)
    x, y = gn.input("x", ("batch", 6), "int64"), gn.input("y", ("batch", 6), "int64")
    model = gn.nn.Sequential([
        gn.nn.Embedding(5, 16),
        gn.nn.PositionalEncoding("learned", length=6),
        gn.nn.Repeat(2, lambda: gn.nn.TransformerBlock(2, hidden=32)),
        gn.nn.Dense(5),
    ], seed=1)  # fmt: skip
    logits = model(x, training=True)
    loss = gn.softmax_cross_entropy(logits, y)
    trainer = gn.Trainer(loss, gn.optim.Adam(0.005), metrics={"accuracy": gn.accuracy(logits, y)})
    trainer.fit(data, epochs=15, batch=40, seed=1, progress=False)
    test = gn.data.reversing(200, length=6, symbols=5, seed=2)
    assert trainer.evaluate(test)["accuracy"] > 0.99
    assert trainer.evaluate(test)["loss"] < 0.05


def test_an_encoder_and_a_decoder_with_attention_learn_to_reverse() -> None:
    """Read both ways, begin to write from where reading ended, and look at what was read at each step."""
    symbols, length = 5, 6
    data = gn.data.reversing(1000, length=length, symbols=symbols, seed=1)
    x, before, y = (gn.input(name, ("batch", length), "int64") for name in ("x", "before", "y"))
    encoder = gn.nn.GRU(16, both_ways=True, merge="sum", sequences=True, name="encoder", seed=1)
    decoder = gn.nn.GRU(16, sequences=True, name="decoder", seed=2)
    attention = gn.nn.MultiHeadAttention(1, seed=3)
    answer = gn.nn.Dense(symbols, name="answer", seed=4)
    memory, states = encoder.with_states(gn.nn.Embedding(symbols, 8, name="heard", seed=5)(x))
    written = decoder(gn.nn.Embedding(symbols + 1, 8, name="said", seed=6)(before), states[1])
    logits = answer(gn.concat([written, attention(written, memory)], -1))
    loss = gn.softmax_cross_entropy(logits, y)
    trainer = gn.Trainer(loss, gn.optim.Adam(0.01), metrics={"accuracy": gn.accuracy(logits, y)})

    def rows(found: gn.data.Dataset) -> dict[str, np.ndarray]:
        begin = np.full((len(found.y), 1), symbols)
        return {"x": found.x, "before": np.concatenate([begin, found.y[:, :-1]], axis=1), "y": found.y}

    trainer.fit(rows(data), epochs=20, batch=50, seed=1, progress=False)
    test = rows(gn.data.reversing(200, length=length, symbols=symbols, seed=2))
    assert accuracy_of(trainer, test) > 0.97
    # Step by step, with its own words before it, it says the same.
    program, said = gn.Program(logits), np.full((200, length), symbols)
    for step in range(length):
        words = program.run({x: test["x"], before: said}).argmax(axis=-1)
        if step + 1 < length:
            said[:, step + 1] = words[:, step]
    assert (words == test["y"]).mean() > 0.95


def test_a_decoder_block_learns_a_toy_language() -> None:
    language = gn.data.translation(600, seed=1)
    data = language.data
    steps = data.y.shape[1] - 1
    x = gn.input("x", ("batch", data.x.shape[1]), "int64")
    before, y = (gn.input(name, ("batch", steps), "int64") for name in ("before", "y"))

    def words(name: str, count: int) -> gn.nn.Layer:
        return gn.nn.Sequential([gn.nn.Embedding(count, 16), gn.nn.PositionalEncoding()], name=name, seed=1)

    there = x > 0
    memory = gn.nn.TransformerBlock(2, name="encoder", seed=2)(
        words("heard", len(language.source_words))(x), present=there
    )
    written = gn.nn.TransformerDecoderBlock(2, name="decoder", seed=3)(
        words("said", len(language.target_words))(before), memory, memory_present=there
    )
    logits = gn.nn.Dense(len(language.target_words), name="answer", seed=4)(written)
    loss = gn.softmax_cross_entropy(logits, y, ignore_index=0)
    trainer = gn.Trainer(loss, gn.optim.Adam(0.005))
    rows = {
        "x": data.x,
        "before": np.ascontiguousarray(data.y[:, :-1]),
        "y": np.ascontiguousarray(data.y[:, 1:]),
    }
    history = trainer.fit(rows, epochs=12, batch=30, seed=1, progress=False)
    assert history["loss"][-1] < 0.05 < 1.0 < history["loss"][0]


def u_net(depth: int, filters: int) -> gn.nn.Layer:
    """Convolutions with a way around that goes through half the size."""

    def two() -> list:
        return [
            gn.nn.Conv2d(filters, 3, gn.relu, padding="same"),
            gn.nn.Conv2d(filters, 3, gn.relu, padding="same"),
        ]

    steps: list = [gn.nn.Residual(two(), activation=gn.relu)]
    if depth:
        below = [gn.nn.MaxPool2d(2), u_net(depth - 1, 2 * filters), gn.nn.Upsample(2)]
        steps += [gn.nn.Branches([lambda x: x, below]), gn.nn.Residual(two())]
    return gn.nn.Sequential(steps, name=f"level{depth}")


def test_a_u_net_of_branches_and_residuals_learns_where_squares_are() -> None:
    rng = np.random.default_rng(0)
    images, masks = rng.normal(scale=0.3, size=(40, 1, 8, 8)), np.zeros((40, 1, 8, 8))
    for image, mask, (row, column) in zip(images, masks, rng.integers(0, 5, (40, 2)), strict=True):
        image[0, row : row + 4, column : column + 4] += 1.0
        mask[0, row : row + 4, column : column + 4] = 1.0
    x, y = gn.input("x", ("batch", 1, 8, 8)), gn.input("y", ("batch", 1, 8, 8))
    model = gn.nn.Sequential([u_net(2, 4), gn.nn.Conv2d(1, 1)], name="u_net", seed=1)
    loss = gn.binary_cross_entropy_with_logits(model(x, training=True), y)
    scopes = {p.scope for p in model.parameters}
    assert "u_net/level2/branches/branch2/level1/branches/branch2/level0/residual/body/conv2d_1" in scopes
    trainer = gn.Trainer(loss, gn.optim.Adam(0.01))
    history = trainer.fit({"x": images, "y": masks}, epochs=15, batch=10, seed=1, progress=False)
    assert history["loss"][-1] < 0.25 * history["loss"][0]


def test_an_autoencoder_with_tied_weights_learns_with_half_of_them() -> None:
    data = gn.data.digits()
    x = gn.input("x", ("batch", 64))
    encoder = gn.nn.Dense(16, gn.tanh, name="encoder", seed=1)

    class Mirror(gn.nn.Layer):
        """Back through the encoder's weights."""

        def build(self, shape, dtype):
            self.w = self.share_parameter(encoder.w)
            self.b = self.add_parameter("b", (64,), gn.init.zeros, dtype)

        def apply(self, h, *, training):
            return h @ self.w.T + self.b

    model = gn.nn.Sequential([encoder, Mirror(name="decoder")])
    loss = gn.mean_squared_error(model(x), x)
    assert [p.shape for p in model.parameters] == [(64, 16), (16,), (64,)]
    trainer = gn.Trainer(loss, gn.optim.Adam(0.005))
    history = trainer.fit({"x": data.x}, epochs=8, batch=64, seed=1, progress=False)
    assert history["loss"][-1] < 0.4 * history["loss"][0]


def test_a_residual_tower_of_deep_layers_still_has_gradients_at_its_first() -> None:
    """Thirty plain tanh layers with small weights lose them; with a way around each they do not."""
    x = gn.input("x", ("batch", 8), "float64")

    def first_gradient(make) -> float:
        model = gn.nn.Repeat(30, make, seed=1)
        loss = (model(x) ** 2.0).mean()
        slope = gn.gradient(loss, model.parameters[0])
        return float(np.abs(gn.Program(slope).run({x: np.random.default_rng(0).normal(size=(16, 8))})).max())

    def small() -> gn.nn.Layer:
        return gn.nn.Dense(8, gn.tanh, weight_init=gn.init.normal(0.1))

    assert first_gradient(small) < 1e-12 < 1e-3 < first_gradient(lambda: gn.nn.Residual(small()))
