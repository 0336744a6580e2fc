"""1x1 bottlenecks: what they save by the count, and what this machine makes of it.

Counted: `exercise` is source E's exercise 5-4, `inception` GoogLeNet's nine modules, `variants` the
pairs of blocks with and without a 1x1, `sweep` the width at which a reduction breaks even,
`applications` the networks of keras.applications, held against the figures in `published`.

Measured: `sides` makes a model's passes ready on either side, `experiments.timing` runs them in
turn, `roofline` says what the machine allows, `products` and `layers` take NumPy's time apart, and
`measured` puts it all together. `figures` and `sentences` show it.
"""
