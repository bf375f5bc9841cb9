"""The `tsunagu` command, also as `python -m tsunagu`."""

import sys
from pathlib import Path

# First, so that in this process, and in no other, `app` is the one of a wheel that lies in here.
sys.path.insert(0, str(Path(__file__).parent))

from app.cli import main

if __name__ == "__main__":
    main()
