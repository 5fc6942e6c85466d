"""graphnn: build neural networks as explicit graphs, train them compiled, and see every gradient.

>>> import graphnn as gn
>>> a, b = gn.scalar(2.0, "a"), gn.scalar(-3.0, "b")
>>> c = a * b + a
>>> c.backward()
>>> float(c.value), float(a.grad), float(b.grad)
(-4.0, -2.0, 2.0)
"""

from typing import TYPE_CHECKING as _TYPE_CHECKING
from typing import Any as _Any

from graphnn import data, init, io, metrics, nn, ops, optim, tables, train
from graphnn.checking import check_gradients, check_op
from graphnn.core.builder import GraphBuilder
from graphnn.core.declare import composite, op, undeclare
from graphnn.core.dims import Dim
from graphnn.core.dtypes import bool_, float32, float64, int64
from graphnn.core.errors import (
    DataError,
    DeclarationError,
    DtypeError,
    FaultError,
    FeedError,
    GraphError,
    GraphnnError,
    KernelError,
    NeedsConstantError,
    NotComputedError,
    NotFiniteError,
    OnnxError,
    SettingError,
    ShapeError,
)
from graphnn.core.graph import Graph
from graphnn.core.leaves import (
    constant,
    counter,
    freeze,
    full_like,
    input,
    ones_like,
    parameter,
    scalar,
    unfreeze,
    zeros_like,
)
from graphnn.core.node import Edge, Node, Origin
from graphnn.core.op import Op, Sample, View
from graphnn.core.routine import Routine
from graphnn.core.scope import scope
from graphnn.engine.diagnose import diagnose
from graphnn.engine.immediate import gradient_state
from graphnn.engine.program import Program
from graphnn.engine.run import Run, trace
from graphnn.engine.stepper import Stepper
from graphnn.engine.warmup import warmup
from graphnn.metrics.of_batch import accuracy
from graphnn.nn.summary import Summary, summary
from graphnn.ops import *
from graphnn.train import History, Trainer
from graphnn.transform.cost import cost
from graphnn.transform.curvature import hessian, hessian_vector_product, jacobian
from graphnn.transform.forward_mode import Tangents, jvp
from graphnn.transform.gradient import Adjoints, adjoints, gradient
from graphnn.transform.interpret import interpret
from graphnn.transform.recompute import checkpoint
from graphnn.transform.simplify import simplify
from graphnn.transform.state import state_updates
from graphnn.transform.unroll import unroll

if _TYPE_CHECKING:
    from graphnn import learn
    from graphnn.estimators import GraphClassifier, GraphRegressor

__version__ = "0.1.0"


def __getattr__(name: str) -> _Any:
    """The estimators, made when first asked for, as scikit-learn takes a second to import, and the exercises."""
    if name == "learn":
        import importlib

        return importlib.import_module("graphnn.learn")
    if name in ("GraphClassifier", "GraphRegressor"):
        from graphnn import estimators

        return getattr(estimators, name)
    raise AttributeError(f"module 'graphnn' has no attribute {name!r}")


__all__ = [
    "Adjoints",
    "DataError",
    "DeclarationError",
    "Dim",
    "DtypeError",
    "Edge",
    "FaultError",
    "FeedError",
    "Graph",
    "GraphBuilder",
    "GraphClassifier",
    "GraphError",
    "GraphRegressor",
    "GraphnnError",
    "History",
    "KernelError",
    "NeedsConstantError",
    "Node",
    "NotComputedError",
    "NotFiniteError",
    "OnnxError",
    "Op",
    "Origin",
    "Program",
    "Routine",
    "Run",
    "Sample",
    "SettingError",
    "ShapeError",
    "Stepper",
    "Summary",
    "Tangents",
    "Trainer",
    "View",
    "accuracy",
    "adjoints",
    "bool_",
    "check_gradients",
    "check_op",
    "checkpoint",
    "composite",
    "constant",
    "cost",
    "counter",
    "data",
    "diagnose",
    "float32",
    "float64",
    "freeze",
    "full_like",
    "gradient",
    "gradient_state",
    "hessian",
    "hessian_vector_product",
    "init",
    "input",
    "int64",
    "interpret",
    "io",
    "jacobian",
    "jvp",
    "learn",
    "metrics",
    "nn",
    "ones_like",
    "op",
    "ops",
    "optim",
    "parameter",
    "scalar",
    "scope",
    "simplify",
    "state_updates",
    "summary",
    "tables",
    "trace",
    "train",
    "undeclare",
    "unfreeze",
    "unroll",
    "warmup",
    "zeros_like",
]
__all__ += [  # noqa: RUF022
    "abs", "adam_step", "adaptive_avg_pool2d", "add", "add_along", "add_rows", "affine_sample", "again",
    "all", "any", "arange", "arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctan2", "arctanh",
    "argmax", "argmin", "argsort", "avg_pool1d", "avg_pool2d", "batch_norm", "batch_norm_inference",
    "batch_norm_training", "batched_matmul", "batched_matmul_nt", "batched_matmul_tn", "bernoulli",
    "binary_cross_entropy", "binary_cross_entropy_with_logits", "blend", "blend_square", "broadcast_to",
    "cast", "categorical", "categorical_cross_entropy", "causal_mask", "cbrt", "ceil", "celu",
    "channel_dropout", "cholesky", "chunk", "clip", "clip_by_global_norm", "clip_by_norm", "clip_by_value",
    "clip_gradient", "cofactors", "concat", "contrastive_loss", "conv1d", "conv2d", "conv2d_bias",
    "conv2d_weight_slope", "conv_transpose1d", "conv_transpose2d", "cos", "cosh", "cosine_embedding_loss",
    "cosine_similarity", "count_nonzero", "ctc_loss", "cumprod", "cumsum", "det", "diag", "diag_embed",
    "diagonal", "dice_loss", "div", "dot", "dropout", "einsum", "elu", "embedding", "equal", "erf", "erfc",
    "exp", "exp2", "expand_dims", "expm1", "eye", "flatten", "flip", "floor", "floor_divide", "fmod", "fold",
    "gather", "gather_nd", "gaussian_nll_loss", "gaussian_noise", "gelu", "gelu_slope", "gelu_tanh",
    "gelu_tanh_slope", "global_avg_pool2d", "global_max_pool2d", "global_norm", "glu", "gradient_reversal",
    "greater", "greater_equal", "group_norm", "gru", "gru_cell", "gru_sweep", "gru_sweep_slope", "gumbel",
    "gumbel_softmax", "hard_sigmoid", "hardshrink", "hardswish", "hardtanh", "head_mix", "head_mix_tn",
    "head_scores", "hinge_loss", "huber_loss", "hypot", "instance_norm", "inverse", "isfinite", "isinf",
    "isnan", "kl_div", "kl_normal", "kl_standard_normal", "l2_normalize", "layer_norm", "leaky_relu", "less",
    "less_equal", "linear", "linear_relu", "linear_scan", "linear_sigmoid", "linear_tanh",
    "local_response_norm", "log", "log10", "log1p", "log2", "log_cosh_loss", "log_softmax", "logaddexp",
    "logdet", "logical_and", "logical_not", "logical_or", "logical_xor", "logsigmoid", "logsumexp", "lstm",
    "lstm_cell", "lstm_sweep", "lstm_sweep_slope", "masked_fill", "masked_softmax", "matmul", "matmul_nt",
    "matmul_tn", "matrix_power", "matrix_trace", "max", "max_pool1d", "max_pool2d", "max_pool2d_pick",
    "max_pool2d_slope", "maximum", "mean", "mean_absolute_error", "mean_squared_error", "min", "minimum",
    "mish", "mod", "moveaxis", "mul", "mul_step", "multi_head_attention", "multi_margin_loss", "neg",
    "nll_loss", "noisy_relu", "norm", "normal_sample", "not_equal", "one_hot", "outer", "pad", "pad_constant",
    "permutation", "permute", "pixel_shuffle", "place", "poisson_nll_loss", "positional_encoding", "pow",
    "prelu", "prod", "random_beta", "random_integers", "random_normal", "random_uniform", "ravel_index",
    "reciprocal", "relu", "relu6", "repeat", "reshape", "resize", "resize_axis", "resize_axis_slope",
    "rms_norm", "rnn", "rnn_cell", "rnn_sweep", "rnn_sweep_slope", "roll", "rotary_encoding", "round",
    "rsqrt", "scale_gradient", "scale_shift", "scaled_dot_product_attention", "scatter_add", "scatter_add_nd",
    "selu", "sequence_mask", "sgd_step", "sgd_step_product", "shuffle", "sigmoid", "sigmoid_focal_loss",
    "sign", "sign_and_logdet", "silu", "sin", "sinh", "size", "slice", "slogdet", "smooth_l1_loss", "softmax",
    "softmax_cross_entropy", "softmax_cross_entropy_slope", "softmax_cross_entropy_soft", "softmax_slope",
    "softmin", "softplus", "softshrink", "softsign", "solve", "sort", "split", "sqrt", "square", "squeeze",
    "stack", "standardize", "standardize_slope", "states_product", "std", "step", "stop_gradient",
    "straight_through", "sub", "sum", "sum_to", "swapaxes", "take", "take_rows", "take_window", "tan", "tanh",
    "tanhshrink", "tensordot", "thresholded_relu", "tile", "topk", "transpose", "tri", "triangular_solve",
    "tril", "triplet_margin_loss", "triu", "trunc", "unfold", "uniform_sample", "unstack", "var", "where",
    "whole_part", "with_update",
]  # fmt: skip
