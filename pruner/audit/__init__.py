"""What stands in the way of a small image: pure checks over what its files say."""
