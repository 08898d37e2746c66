"""Delivery: what people read of a forecast, in words, pictures, spreadsheets and files. Nothing here knows a simulation."""
