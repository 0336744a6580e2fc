"""The networks of keras.applications, converted, compared and measured."""
