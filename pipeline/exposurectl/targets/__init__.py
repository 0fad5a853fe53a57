"""Where levels are written: the FutureVuls API. Nothing outside this package speaks HTTP."""
