"""What a person reads: tables and lines on a terminal, plain text in a pipe."""
