"""A FutureVuls that runs on this machine, for the demonstration and for tests."""
