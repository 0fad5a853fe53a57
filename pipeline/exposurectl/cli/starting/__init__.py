"""What a policy repository begins with."""
