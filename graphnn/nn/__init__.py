"""Layers: build the nodes of a model, and keep its parameters."""

import graphnn.nn.torch_parts  # noqa: F401  it tells gn.io how PyTorch keeps each layer
from graphnn.nn.activation import PReLU
from graphnn.nn.attention import MultiHeadAttention
from graphnn.nn.augmentation import (
    RandomAffine,
    RandomBrightness,
    RandomContrast,
    RandomCrop,
    RandomErase,
    RandomFlip,
    RandomRotate,
    RandomShift,
    RandomZoom,
)
from graphnn.nn.batch_norm import BatchNorm
from graphnn.nn.containers import Branches, Lambda, Repeat, Residual
from graphnn.nn.convolution import Conv1d, Conv2d, ConvTranspose1d, ConvTranspose2d
from graphnn.nn.dense import Dense
from graphnn.nn.dropout import Dropout
from graphnn.nn.embedding import Embedding
from graphnn.nn.ensemble import Ensemble, bootstrap_weights, ensemble_loss
from graphnn.nn.layer import Layer
from graphnn.nn.mixing import CutMix, Mixup
from graphnn.nn.noise import ChannelDropout, GaussianNoise, NoisyRelu
from graphnn.nn.normalization import GroupNorm, InstanceNorm, LayerNorm, RMSNorm
from graphnn.nn.pooling import (
    AdaptiveAvgPool2d,
    AvgPool1d,
    AvgPool2d,
    GlobalAvgPool2d,
    GlobalMaxPool2d,
    MaxPool1d,
    MaxPool2d,
)
from graphnn.nn.recurrent import GRU, LSTM, RNN, Recurrent
from graphnn.nn.sequential import Sequential
from graphnn.nn.shaping import Flatten, Reshape, Upsample
from graphnn.nn.transformer import FeedForward, PositionalEncoding, TransformerBlock, TransformerDecoderBlock

__all__ = [
    "GRU",
    "LSTM",
    "RNN",
    "AdaptiveAvgPool2d",
    "AvgPool1d",
    "AvgPool2d",
    "BatchNorm",
    "Branches",
    "ChannelDropout",
    "Conv1d",
    "Conv2d",
    "ConvTranspose1d",
    "ConvTranspose2d",
    "CutMix",
    "Dense",
    "Dropout",
    "Embedding",
    "Ensemble",
    "FeedForward",
    "Flatten",
    "GaussianNoise",
    "GlobalAvgPool2d",
    "GlobalMaxPool2d",
    "GroupNorm",
    "InstanceNorm",
    "Lambda",
    "Layer",
    "LayerNorm",
    "MaxPool1d",
    "MaxPool2d",
    "Mixup",
    "MultiHeadAttention",
    "NoisyRelu",
    "PReLU",
    "PositionalEncoding",
    "RMSNorm",
    "RandomAffine",
    "RandomBrightness",
    "RandomContrast",
    "RandomCrop",
    "RandomErase",
    "RandomFlip",
    "RandomRotate",
    "RandomShift",
    "RandomZoom",
    "Recurrent",
    "Repeat",
    "Reshape",
    "Residual",
    "Sequential",
    "TransformerBlock",
    "TransformerDecoderBlock",
    "Upsample",
    "bootstrap_weights",
    "ensemble_loss",
]
