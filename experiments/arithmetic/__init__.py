"""The arithmetic of convolutional networks: sizes, parameters and receptive fields, exactly."""
