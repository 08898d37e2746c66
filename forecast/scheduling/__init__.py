"""Units that make somebody else's scheduler call `forecast refresh`; there is no scheduler and no daemon in here."""
