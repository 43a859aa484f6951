"""What runs and when: feeds, Dagster definitions, commands. The only room that knows the others.

A public package is called `validators` too and `site-packages` would win over an editable
install, so the checkout goes first on the path and our `validators` is imported at once.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if sys.path[:1] != [str(ROOT)]:
    sys.path.insert(0, str(ROOT))

import validators  # noqa: E402, F401  (must come after the path is set; see above)
