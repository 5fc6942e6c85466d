"""The site: `python docs/make_site.py` writes the pages that are made, then calls Sphinx with this file."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "extensions"))

project = "graphnn"
author = "graphnn contributors"
copyright = "graphnn contributors"

extensions = ["mathml", "myst_nb", "pictures", "repository"]
html_math_renderer = "mathml"

# Lessons were run by docs/run_lessons.py; what they showed then is what the page shows.
nb_execution_mode = "off"
myst_enable_extensions = ["dollarmath", "colon_fence", "deflist"]
myst_heading_anchors = 3
source_suffix = {".md": "myst-nb", ".ipynb": "myst-nb"}
exclude_patterns = ["build", "pictures", "extensions", "lessons/notebooks"]

html_theme = "furo"
html_title = "graphnn"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_copy_source = False
html_show_sphinx = False
# The pages load nothing from elsewhere, and they name no time: the same tree gives the same site.
html_last_updated_fmt = None
html_theme_options = {"navigation_with_keys": True}
pygments_style = "default"
pygments_dark_style = "github-dark"
