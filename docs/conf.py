"""How `make docs` builds the site from these pages; they read as well where they lie."""

# Sphinx's own names for its settings.
project = "loyalty-etl"
copyright = ""  # noqa: A001
html_title = "loyalty-etl"
html_theme = "furo"
html_show_sphinx = False
html_show_copyright = False
html_copy_source = False
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_theme_options = {"navigation_with_keys": False}

extensions = ["myst_parser"]
exclude_patterns: list[str] = []
myst_heading_anchors = 4  # links such as feeds.md#source, named as code hosts name them
suppress_warnings = ["myst.header"]  # pages may begin a list of words below a level of their own
pygments_style = "friendly"
pygments_dark_style = "github-dark"
