"""ACT: make the changes of a reviewed plan, exactly, and keep a receipt of each."""
