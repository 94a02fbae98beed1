"""What a Dockerfile says: stages, command, variables, and the requirement files it installs."""
