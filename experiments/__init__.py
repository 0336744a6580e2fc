"""What the kit finds out: the data, the comparison of the twins, the studies, the report."""
