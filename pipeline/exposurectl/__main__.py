"""`python -m exposurectl` is `exposurectl`."""

import sys

from exposurectl.cli import main

if __name__ == "__main__":
    sys.exit(main())
