"""What runs and when: feeds, Dagster definitions, commands. The only room that knows the others.

A public package is called `validators` too and `site-packages` would win over an editable
install, so the checkout goes first on the path and our `validators` is imported at once.
"""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if sys.path[:1] != [str(ROOT)]:
    sys.path.insert(0, str(ROOT))

# What polars and pyarrow no longer use goes back to the system sooner: a load of a year takes an
# eighth less memory at its peak, and no longer. They read this when they are imported.
os.environ.setdefault("_RJEM_MALLOC_CONF", "dirty_decay_ms:200,muzzy_decay_ms:0")
os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")

import validators  # noqa: E402, F401  (must come after the path is set; see above)
