"""Two studies of the shape that real ones have, quick to run: what the report is tested on."""
