"""Values: what flows through the house. Imports nothing of wellfit's but itself."""
