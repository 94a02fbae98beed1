"""What is installed in a sandbox: distributions, the files that they own, who needs whom."""
