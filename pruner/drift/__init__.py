"""What has changed since a lock was made; pure: values in, findings out."""
