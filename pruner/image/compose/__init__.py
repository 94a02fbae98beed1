"""What a compose file says of the services that are built from a tree, and of those beside them."""

from pruner.image.compose.services import compose_files, read_compose
from pruner.image.compose.values import Build, Compose, Service

__all__ = ["Build", "Compose", "Service", "compose_files", "read_compose"]
