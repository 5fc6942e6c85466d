"""Every op that graphnn declares, by name; importing this room fills the registry and proves it complete.

A module lists in its `__all__` what readers use: its ops, and functions that build them. No module is named like an
op, or importing it would hide the op. docs/make_names.py writes this file.
"""

from __future__ import annotations

from graphnn.core.registry import OPS as _OPS
from graphnn.ops.activation import *
from graphnn.ops.arithmetic import *
from graphnn.ops.attention_ops import *
from graphnn.ops.averaging import *
from graphnn.ops.batch_normalization import *
from graphnn.ops.beta import *
from graphnn.ops.comparison import *
from graphnn.ops.contraction import *
from graphnn.ops.conversion import *
from graphnn.ops.convolution import *
from graphnn.ops.cumulative import *
from graphnn.ops.determinants import *
from graphnn.ops.embeddings import *
from graphnn.ops.exponential import *
from graphnn.ops.extremes import *
from graphnn.ops.fused import *
from graphnn.ops.gates import *
from graphnn.ops.gathering import *
from graphnn.ops.geometry import *
from graphnn.ops.gradient_control import *
from graphnn.ops.heads import *
from graphnn.ops.hyperbolic import *
from graphnn.ops.index import *
from graphnn.ops.join import *
from graphnn.ops.linalg import *
from graphnn.ops.logarithmic import *
from graphnn.ops.loss_alignment import *
from graphnn.ops.loss_classes import *
from graphnn.ops.loss_labels import *
from graphnn.ops.loss_numbers import *
from graphnn.ops.loss_pairs import *
from graphnn.ops.noise import *
from graphnn.ops.normalization import *
from graphnn.ops.optimizer_step import *
from graphnn.ops.ordering import *
from graphnn.ops.padding import *
from graphnn.ops.patches import *
from graphnn.ops.pooling import *
from graphnn.ops.powers import *
from graphnn.ops.products import *
from graphnn.ops.random import *
from graphnn.ops.rectifiers import *
from graphnn.ops.recurrent import *
from graphnn.ops.recurrent_cells import *
from graphnn.ops.recurrent_sweeps import *
from graphnn.ops.reduce import *
from graphnn.ops.repetition import *
from graphnn.ops.resizing import *
from graphnn.ops.rounding import *
from graphnn.ops.sequence_convolution import *
from graphnn.ops.shape import *
from graphnn.ops.slicing import *
from graphnn.ops.softmaxes import *
from graphnn.ops.solving import *
from graphnn.ops.standardization import *
from graphnn.ops.state import *
from graphnn.ops.statistics import *
from graphnn.ops.triangles import *
from graphnn.ops.trigonometric import *

for _record in tuple(_OPS.values()):
    if _record.role == "op":
        _record.check_complete()

__all__ = [  # noqa: RUF022
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
