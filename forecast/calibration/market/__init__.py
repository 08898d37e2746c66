"""The market engine beside what happened: each quantity observed, with its interval, and simulated, with its band."""
