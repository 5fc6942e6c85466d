"""Data to learn from: sets that ship inside packages or are made by a formula, files that you have, splits, scaling."""

from graphnn.data.arrays import read_idx, read_npz
from graphnn.data.dataset import Dataset, split
from graphnn.data.folders import read_folder
from graphnn.data.generated import blobs, circles, gaussians, moons, plane, sine, spirals, xor
from graphnn.data.pictures import Pictures, shapes
from graphnn.data.scaling import Scaling, normalize, standardize
from graphnn.data.sequences import (
    Characters,
    Translation,
    adding,
    characters,
    copying,
    reversing,
    translation,
)
from graphnn.data.shipped import breast_cancer, diabetes, digits, iris, wine
from graphnn.data.tables import read_csv

__all__ = [
    "Characters",
    "Dataset",
    "Pictures",
    "Scaling",
    "Translation",
    "adding",
    "blobs",
    "breast_cancer",
    "characters",
    "circles",
    "copying",
    "diabetes",
    "digits",
    "gaussians",
    "iris",
    "moons",
    "normalize",
    "plane",
    "read_csv",
    "read_folder",
    "read_idx",
    "read_npz",
    "reversing",
    "shapes",
    "sine",
    "spirals",
    "split",
    "standardize",
    "translation",
    "wine",
    "xor",
]
