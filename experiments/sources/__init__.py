"""The audit of the five sources: every number they print, right or wrong, and why."""
