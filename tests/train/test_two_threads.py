"""Trainings in several Python threads at once end with the bits that each ends with alone."""

from __future__ import annotations

import threading

import numpy as np

import graphnn as gn


def trained(seed: int) -> tuple[bytes, bytes, bytes]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(300, 6)).astype(np.float32)
    data = gn.data.Dataset(x, (x[:, 0] * x[:, 1] > 0).astype(np.int64))
    layers = [gn.nn.Dense(32, gn.relu), gn.nn.Dropout(0.2), gn.nn.Dense(2)]
    trainer = gn.Trainer.classifier(gn.nn.Sequential(layers, seed=seed), 6, 2, gn.optim.Adam(0.01))
    trainer.fit(data, epochs=20, batch=16, seed=seed, validation=data, progress=False)
    history = trainer.history
    return (
        b"".join(p.value.tobytes() for p in trainer.parameters),
        history["loss"].tobytes(),
        history["validation accuracy"].tobytes(),
    )


def test_two_fits_at_once_give_the_bits_of_each_alone() -> None:
    alone = {seed: trained(seed) for seed in (1, 2, 3)}
    found: dict[int, tuple[bytes, bytes, bytes]] = {}
    together = threading.Barrier(len(alone))

    def run(seed: int) -> None:
        together.wait()
        found[seed] = trained(seed)

    threads = [threading.Thread(target=run, args=(seed,)) for seed in alone]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == alone


def test_the_parameters_of_other_trainings_stay_apart() -> None:
    assert len({trained(seed)[0] for seed in (1, 2)}) == 2
