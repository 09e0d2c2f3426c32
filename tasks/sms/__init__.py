"""Short messages: what they say, and the gateways that carry them."""
