"""``python -m fake_idp`` is ``fake-idp``."""

import sys

from fake_idp.cli import main

sys.exit(main())
