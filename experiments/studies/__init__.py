"""One file per study, found by name: see `experiments.study` for what a study declares."""
