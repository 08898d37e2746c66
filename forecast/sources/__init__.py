"""Upstream feeds, one file each: a pure parser from bytes to quotes, and the only room that opens a socket (`fetch`)."""
