"""Policy as code between Amazon Inspector's network reachability and SSVC Exposure in FutureVuls."""

__version__ = "0.1.0"
