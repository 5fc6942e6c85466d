"""Clipping, penalties, limits and schedules: alone and together they do what PyTorch and the papers do."""

from __future__ import annotations

import numpy as np
import pytest

import graphnn as gn
from optim_problems import STEPS, Problem, trained

rng = np.random.default_rng(3)
GRADIENTS = rng.normal(size=(STEPS, 5, 3)) * np.linspace(0.1, 4.0, STEPS)[:, None, None]
START = rng.normal(size=(5, 3))

CLIPS = {
    "value": (lambda: gn.optim.clip_value(0.3), lambda torch, ps: torch.nn.utils.clip_grad_value_(ps, 0.3)),
    "norm": (lambda: gn.optim.clip_norm(0.5), lambda torch, ps: [torch.nn.utils.clip_grad_norm_([p], 0.5) for p in ps]),
    "global norm": (lambda: gn.optim.clip_global_norm(0.5), lambda torch, ps: torch.nn.utils.clip_grad_norm_(ps, 0.5)),
}  # fmt: skip
OPTIMISERS = {
    "SGD": (lambda **k: gn.optim.SGD(0.05, 0.8, **k), "SGD", {"lr": 0.05, "momentum": 0.8}),
    "Adam": (lambda **k: gn.optim.Adam(0.03, **k), "Adam", {"lr": 0.03}),
    "AdamW": (lambda **k: gn.optim.AdamW(0.03, weight_decay=0.1, **k), "AdamW", {"lr": 0.03, "weight_decay": 0.1}),
    "Nadam": (lambda **k: gn.optim.Nadam(0.02, **k), "NAdam", {"lr": 0.02}),
    "AdaGrad": (lambda **k: gn.optim.AdaGrad(0.1, **k), "Adagrad", {"lr": 0.1}),
    "AdaDelta": (lambda **k: gn.optim.AdaDelta(1.0, **k), "Adadelta", {"lr": 1.0}),
    "RMSProp": (lambda **k: gn.optim.RMSProp(0.02, momentum=0.5, **k), "RMSprop", {"lr": 0.02, "momentum": 0.5}),
}  # fmt: skip


@pytest.mark.parametrize("clip", CLIPS)
@pytest.mark.parametrize("name", OPTIMISERS)
def test_fifty_steps_with_clip_penalty_and_schedule_are_those_of_pytorch(name: str, clip: str) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is the oracle of this test")
    make, theirs, settings = OPTIMISERS[name]
    ours = Problem(
        make(
            clip=CLIPS[clip][0](),
            penalty=gn.optim.L1(0.02) + gn.optim.L2(0.05),
            schedule=gn.optim.cosine(STEPS, end=0.1),
        )
    )
    w, b = (torch.tensor(a, requires_grad=True) for a in ours.start)
    oracle = getattr(torch.optim, theirs)([w, b], **settings)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        oracle, lambda k: 0.1 + 0.9 * (1 + np.cos(np.pi * k / STEPS)) / 2
    )
    for k in range(STEPS):
        oracle.zero_grad()
        loss = ((torch.from_numpy(ours.rows[k]) @ w + b - torch.from_numpy(ours.targets[k])) ** 2).mean()
        (loss + 0.02 * w.abs().sum() + 0.025 * (w**2).sum()).backward()
        CLIPS[clip][1](torch, [w, b])
        assert ours.step(k) == pytest.approx(loss.item(), rel=1e-8)
        oracle.step()
        schedule.step()
    np.testing.assert_allclose(ours.w.value, w.detach().numpy(), rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(ours.b.value, b.detach().numpy(), rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("name", ["Lion", "SignSGD"])
def test_steps_by_sign_with_clip_penalty_and_schedule_are_those_of_the_papers(name: str) -> None:
    settings = {
        "clip": gn.optim.clip_value(0.7),
        "penalty": gn.optim.L1(0.3) + gn.optim.L2(0.4),
        "schedule": gn.optim.linear(40, end=0.2),
    }
    optimizer = (
        gn.optim.Lion(0.05, 0.8, 0.95, weight_decay=0.3, **settings)
        if name == "Lion"
        else gn.optim.SignSGD(0.05, **settings)
    )
    w, m = START.copy(), np.zeros_like(START)
    found = trained(optimizer, GRADIENTS, START)
    for k, (g, value) in enumerate(zip(GRADIENTS, found, strict=True)):
        rate = 0.05 * (1.0 - 0.8 * min(k / 40, 1.0))
        g = np.clip(g + 0.3 * np.sign(w) + 0.4 * w, -0.7, 0.7)
        if name == "Lion":
            w = w * (1 - rate * 0.3) - rate * np.sign(0.8 * m + 0.2 * g)
            m = 0.95 * m + 0.05 * g
        else:
            w = w - rate * np.sign(g)
        np.testing.assert_allclose(value, w, rtol=1e-9, atol=1e-10)


def test_a_clip_of_zeros_is_zeros_and_a_limit_is_a_knob() -> None:
    clip = gn.optim.clip_global_norm(1.0)
    g = gn.input("g", (2,), "float64")
    w = gn.parameter(np.zeros(2), "w", "float64")
    program = gn.Program((), gn.optim.SGD(1.0, clip=clip).updates([w], [g]))
    program.run({g: [0.0, 0.0]})
    np.testing.assert_array_equal(w.value, 0.0)
    program.run({g: [3.0, 4.0]})
    np.testing.assert_allclose(w.value, [-0.6, -0.8], rtol=1e-6)
    clip.limit.value = 100.0
    program.run({g: [3.0, 4.0]})
    np.testing.assert_allclose(w.value, [-3.6, -4.8], rtol=1e-6)


def playground(start, gradients, rate: float, l1: float) -> list[np.ndarray]:
    """TensorFlow Playground's updateWeights, one weight at a time."""
    w, dead, values = start.copy().ravel(), set(), []
    for row in gradients:
        for j, g in enumerate(row.ravel()):
            if j in dead:
                continue
            der = -1.0 if w[j] < 0 else 1.0 if w[j] > 0 else 0.0
            stepped = w[j] - rate * g
            moved = stepped - rate * l1 * der
            if stepped * moved < 0:
                w[j] = 0.0
                dead.add(j)
            else:
                w[j] = moved
        values.append(w.reshape(start.shape).copy())
    return values


def test_weights_die_under_l1_as_in_tensorflow_playground() -> None:
    penalty = gn.optim.L1(0.8, dead=True)
    optimizer = gn.optim.SGD(0.05, penalty=penalty)
    found = trained(optimizer, GRADIENTS, START)
    expected = playground(START, GRADIENTS, 0.05, 0.8)
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)
    dead = found[-1] == 0.0
    assert 0 < dead.sum() < dead.size
    (mask,) = (node for node in optimizer.state if node.name == "alive of w")
    np.testing.assert_array_equal(mask.value, ~dead)
    optimizer.reset()
    np.testing.assert_array_equal(mask.value, 1.0)


def test_a_soft_threshold_draws_weights_to_zero_and_lets_them_come_back() -> None:
    w, seen = START.copy(), []
    for g in GRADIENTS:
        w = w - 0.05 * g
        w = np.sign(w) * np.maximum(np.abs(w) - 0.05 * 0.8, 0.0)
        seen.append(w)
    found = trained(gn.optim.SGD(0.05, penalty=gn.optim.L1(0.8, proximal=True)), GRADIENTS, START)
    np.testing.assert_allclose(found, seen, rtol=1e-10, atol=1e-12)
    assert (np.array(found) == 0.0).any()


def test_a_penalty_is_for_weights_or_for_whom_it_names() -> None:
    def after(penalty) -> tuple[float, float]:
        with gn.scope("net"):
            w, b = gn.parameter([[1.0]], "w", "float64"), gn.parameter([1.0], "b", "float64")
        zeros = [gn.constant(np.zeros_like(p.value), "float64") for p in (w, b)]
        gn.Program((), gn.optim.SGD(0.5, penalty=penalty).updates([w, b], zeros)).run()
        return float(w.value.item()), float(b.value.item())

    assert after(gn.optim.L2(0.1)) == (0.95, 1.0)
    assert after(gn.optim.L2(0.1, only="net/b")) == (1.0, 0.95)
    assert after(gn.optim.L2(0.1, only="net/*")) == (0.95, 0.95)
    assert after(gn.optim.L1(0.1, only="*/b") + gn.optim.L2(0.1)) == (0.95, 0.95)


def test_the_penalty_loss_has_the_slopes_of_the_penalties() -> None:
    w, b = gn.parameter(START, "w", "float64"), gn.parameter(np.ones(3), "b", "float64")
    term = gn.optim.penalty_loss([w, b], L1=0.3, L2=0.2)
    assert float(term.value) == pytest.approx(0.3 * np.abs(START).sum() + 0.1 * (START**2).sum())
    slope = gn.gradient(term, w)
    np.testing.assert_allclose(slope.value, 0.3 * np.sign(START) + 0.2 * START)
    assert gn.Graph(term).parameters[0].trainable
    assert [p.name for p in gn.Graph(term).parameters if p.trainable] == ["w"]


def test_max_norm_keeps_the_weights_of_a_unit_within_a_length() -> None:
    found = trained(gn.optim.SGD(0.5, limit=gn.optim.max_norm(1.5)), GRADIENTS, START)
    w = START.copy()
    for g, value in zip(GRADIENTS, found, strict=True):
        w = w - 0.5 * g
        lengths = np.linalg.norm(w, axis=0)
        w = np.where(lengths > 1.5, w * (1.5 / lengths), w)
        np.testing.assert_allclose(value, w, rtol=1e-10)
    rows = trained(gn.optim.SGD(0.5, limit=gn.optim.max_norm(1.5, axis=1)), GRADIENTS, START)[-1]
    assert np.linalg.norm(rows, axis=1).max() <= 1.5 + 1e-12
    kernels = trained(
        gn.optim.SGD(0.5, limit=gn.optim.max_norm(1.0)),
        GRADIENTS.reshape(STEPS, 5, 3, 1, 1),
        START.reshape(5, 3, 1, 1),
    )[-1]
    assert np.linalg.norm(kernels.reshape(5, 3), axis=1).max() <= 1.0 + 1e-12


def test_what_is_short_enough_is_left_as_it_is_to_the_bit() -> None:
    free = trained(gn.optim.SGD(0.01), GRADIENTS[:3], START)[-1]
    limited = trained(gn.optim.SGD(0.01, limit=gn.optim.max_norm(97.3)), GRADIENTS[:3], START)[-1]
    np.testing.assert_array_equal(free, limited)


def test_all_options_work_in_single_precision_and_keep_the_dtype() -> None:
    optimizer = gn.optim.Adam(
        0.01,
        clip=gn.optim.clip_norm(0.5),
        penalty=gn.optim.L1(0.01, dead=True) + gn.optim.L2(0.01),
        limit=gn.optim.max_norm(2.0),
        average=gn.optim.ema(0.9),
        schedule=gn.optim.warmup(5),
    )
    single = Problem(optimizer, "float32")
    for k in range(20):
        single.step(k)
    assert single.w.value.dtype == np.float32
    assert optimizer.averaged[single.w].dtype == single.w.dtype


def one(**options):
    w = gn.parameter(np.ones((2, 2)), "w")
    gn.optim.SGD(0.1, **options).updates([w], [w * 1.0])


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: gn.optim.clip_value(0.0), "clip_value: limit: wanted a positive number"),
        (lambda: gn.optim.clip_norm(-1), "clip_norm: limit: wanted a positive number"),
        (lambda: gn.optim.clip_global_norm("a"), "clip_global_norm: limit: wanted a positive number"),
        (lambda: gn.optim.SGD(0.1, clip=1.0), "clip is one of gn.optim, such as gn.optim.clip_global_norm"),
        (lambda: gn.optim.SGD(0.1, penalty=0.1), "penalty is one of gn.optim, such as gn.optim.L2"),
        (lambda: gn.optim.SGD(0.1, limit=2), "limit is one of gn.optim, such as gn.optim.max_norm"),
        (lambda: gn.optim.SGD(0.1, average=0.9), "average is one of gn.optim, such as gn.optim.ema"),
        (lambda: gn.optim.L1(0.1) + 3, "a penalty is added to another one, found 3"),
        (lambda: gn.optim.L1(0.1, dead=True, proximal=True), "two rules; choose one"),
        (lambda: gn.optim.L1(0.0), "L1: rate: wanted a positive number"),
        (lambda: gn.optim.L2(0.1, only=3), "L2: only is a pattern of names"),
        (lambda: one(penalty=gn.optim.L2(0.1, only="*/v")), "no parameter is called '\\*/v'; there are w"),
        (lambda: gn.optim.penalty_loss([]), "penalty_loss: give L1= or L2= above 0"),
        (lambda: gn.optim.max_norm(0), "max_norm: limit: wanted a positive number"),
        (lambda: gn.optim.max_norm(1.0, axis=0.5), "axis is a whole number or several"),
        (lambda: one(limit=gn.optim.max_norm(1.0, axis=2)), "axis \\(2,\\) is not one of w, which has 2 axes"),
    ],
)  # fmt: skip
def test_wrong_options_get_a_sentence(call, words: str) -> None:
    with pytest.raises(gn.SettingError, match=words):
        call()


def test_an_unknown_option_is_a_wrong_call() -> None:
    with pytest.raises(TypeError, match="unexpected keyword argument 'cilp'"):
        gn.optim.Adam(0.1, cilp=gn.optim.clip_value(1.0))
    w = gn.parameter(np.ones(2), "w")
    with pytest.raises(gn.GraphError, match="wanted a list of parameters"):
        gn.optim.penalty_loss(w, L1=0.1)
    with pytest.raises(gn.GraphError, match="no parameter has two axes"):
        gn.optim.penalty_loss([w], L1=0.1)
    with pytest.raises(gn.ShapeError, match="loss is a scalar float node"):
        gn.optim.SGD(0.1).updates([w], [w * 1.0], w)


@pytest.mark.parametrize(
    ("word", "hint"),
    [("lr", "learning_rate"), ("betas", "beta[12]"), ("penalti", "penalty"), ("foo", "Known: ")],
)
def test_an_unknown_setting_is_told_with_the_nearest_one(word: str, hint: str) -> None:
    with pytest.raises(TypeError, match=f"unexpected keyword argument '{word}'.*{hint}"):
        gn.optim.Adam(**{word: 0.1})
