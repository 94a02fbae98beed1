"""What follows from what was seen: values in, values out, no files and no processes."""
