"""Where a quantity comes from: its file and line, its formula or value, its source, and who reads it."""
