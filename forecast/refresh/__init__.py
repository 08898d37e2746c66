"""The scheduled job: fetch, check, store, rerun, score, compare with the last run, publish. `job` says in which order."""
