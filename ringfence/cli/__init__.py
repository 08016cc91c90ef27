"""What a person types: one command a file. Commands print; everything else is done by the wings below."""
