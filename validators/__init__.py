"""Good rows, and rejects with every reason: pandera schemas and the masks made from them."""
