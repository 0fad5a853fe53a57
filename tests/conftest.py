"""What all tests share: how hard Hypothesis tries. `--hypothesis-profile nightly --timeout 0` tries harder."""

import signal

from hypothesis import HealthCheck, settings

settings.register_profile(
    "usual", max_examples=75, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile(
    "nightly", max_examples=10_000, deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("usual")

# A shell starts what runs in the background with SIGINT ignored, and every process that a test starts would inherit it.
signal.signal(signal.SIGINT, signal.default_int_handler)
