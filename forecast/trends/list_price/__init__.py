"""List price of a fixed model at one seller: rare jumps, whose chance and direction depend on what is known of the seller."""
