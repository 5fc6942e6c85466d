"""Which axes may have a name instead of a size, for ops that must know some of their sizes when they are built."""

from __future__ import annotations

# Letters of the op's signature. What is not here takes names for all axes.
MAY_BE_NAMED: dict[str, frozenset[str]] = {
    # Places under a kernel, channels per group and weights are counted.
    **dict.fromkeys(
        (
            "conv1d", "conv2d", "conv2d_bias", "conv2d_weight_slope", "conv_transpose1d", "conv_transpose2d",
            "fold", "global_max_pool2d", "group_norm", "pixel_shuffle", "unfold",
        ),
        frozenset({"n"}),
    ),
    **dict.fromkeys(
        (
            "avg_pool1d", "avg_pool2d", "max_pool1d", "max_pool2d", "max_pool2d_pick", "max_pool2d_slope",
            "rotary_encoding",
        ),
        frozenset({"*b"}),
    ),
    # The gates of a state are blocks of one axis, and the slope of a sweep is made step by step.
    **dict.fromkeys(
        (
            "gru_cell", "gru_sweep", "gru_sweep_slope", "lstm_sweep", "lstm_sweep_slope", "rnn_sweep",
            "rnn_sweep_slope",
        ),
        frozenset({"b"}),
    ),
}  # fmt: skip
