"""Data to learn from: sets that ship inside packages or are made by a formula, files that you have, splits, scaling."""

from graphnn.data.arrays import read_npz
from graphnn.data.checks import check_for_training
from graphnn.data.column import Column
from graphnn.data.columns import Columns
from graphnn.data.converting import convert_csv, convert_idx
from graphnn.data.dataset import Dataset
from graphnn.data.folders import read_folder
from graphnn.data.generated import blobs, circles, gaussians, moons, plane, sine, spirals, xor
from graphnn.data.idx import read_idx
from graphnn.data.mapped import map_arrays, save_arrays
from graphnn.data.pictures import Pictures, shapes
from graphnn.data.scaling import Scaling, normalize, standardize, standardize_targets
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
from graphnn.data.splits import folds, split, split3
from graphnn.data.tables import read_csv

__all__ = [
    "Characters",
    "Column",
    "Columns",
    "Dataset",
    "Pictures",
    "Scaling",
    "Translation",
    "adding",
    "blobs",
    "breast_cancer",
    "characters",
    "check_for_training",
    "circles",
    "convert_csv",
    "convert_idx",
    "copying",
    "diabetes",
    "digits",
    "folds",
    "gaussians",
    "iris",
    "map_arrays",
    "moons",
    "normalize",
    "plane",
    "read_csv",
    "read_folder",
    "read_idx",
    "read_npz",
    "reversing",
    "save_arrays",
    "shapes",
    "sine",
    "spirals",
    "split",
    "split3",
    "standardize",
    "standardize_targets",
    "translation",
    "wine",
    "xor",
]
