"""The jobs that commands carry out, from a configuration to a document."""
