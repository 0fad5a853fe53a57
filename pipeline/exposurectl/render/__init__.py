"""SHOW: views of plans and receipts. Views return text; only the command line prints."""
