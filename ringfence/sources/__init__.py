"""Where phone columns come from: the protocol of a source, and one file a kind of warehouse."""
