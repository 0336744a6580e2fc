"""How fast the NumPy twin is: beside TensorFlow, beside itself, and beside what the machine can."""
