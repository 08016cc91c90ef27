"""What the user decided: the model of `ringfence.yaml`, how the file is read, and what the environment adds to it."""
