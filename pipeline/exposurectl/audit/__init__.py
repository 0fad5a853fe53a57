"""PROVE: the chain of plans and receipts is whole, and each plan follows from its evidence."""
