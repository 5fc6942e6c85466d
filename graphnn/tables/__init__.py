"""From a CSV file to a good model, the same run from Python and from the command line.

>>> import tempfile, pathlib, graphnn as gn
>>> folder = tempfile.TemporaryDirectory()
>>> file = pathlib.Path(folder.name) / "sums.csv"
>>> lines = [f"{a},{b},{'big' if a + b > 9 else 'small'}" for a in range(10) for b in range(10)]
>>> _ = file.write_text("\\n".join(["a,b,sum", *lines]))
>>> settings = gn.tables.TableSettings(epochs=60, seed=1)
>>> model = gn.tables.train_table(file, "sum", settings, progress=False)
>>> model.report["held out"]["accuracy"] > 0.8
True
>>> model.predict({"a": [9], "b": [9]}).tolist()
['big']
>>> folder.cleanup()
"""

from graphnn.tables.model import TableModel
from graphnn.tables.settings import TableSettings
from graphnn.tables.training import train_table

__all__ = ["TableModel", "TableSettings", "train_table"]
