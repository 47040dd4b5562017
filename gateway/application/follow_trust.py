"""Follow trust: make fresh lists when they are due, verify, persist, swap the view, then announce by signed heads."""

import hashlib
