"""AWS over the network: who may be asked, and what each API answers."""
