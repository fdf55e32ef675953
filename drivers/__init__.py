"""How hardware is spoken to: contracts that the product knows, and one family of adapters for each kind of device."""
