"""What a 1x1 convolution does: small networks for SIGNS that differ in their 1x1 layers alone."""
