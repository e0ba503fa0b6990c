"""The site: Sphinx, MyST and the notebooks as they are built, never run here.

Everything it needs comes with `requirements-dev.lock`; building it asks no network.
"""

import shutil
from pathlib import Path

project = "Wirelab"
author = "the Wirelab authors"
copyright = "2026, the Wirelab authors. Text: CC BY 4.0"

extensions = ["myst_nb"]
exclude_patterns = ["_build"]
language = "en"

nb_execution_mode = "off"
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
# An exercise is a heading of level 3 everywhere, also in a topic too short for sections.
suppress_warnings = ["myst.header"]

html_theme = "sphinx_book_theme"
html_title = "Wirelab"
html_static_path: list[str] = []
html_theme_options = {
    "show_toc_level": 2,
    "use_download_button": True,
}

# Sphinx reads only what lies below this folder, so the built notebooks come along as copies.
_here = Path(__file__).parent
shutil.rmtree(_here / "notebooks", ignore_errors=True)
shutil.copytree(
    _here.parent / "notebooks",
    _here / "notebooks",
    ignore=shutil.ignore_patterns(".ipynb_checkpoints"),
)
