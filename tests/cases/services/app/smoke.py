"""Reads what the agent has written, by the protocol itself: a probe is no evidence."""

import socket

try:
    connection = socket.create_connection(("redis", 6379), 5)
except OSError:
    connection = socket.create_connection(("127.0.0.1", 6379), 5)
connection.sendall(b"GET greeting\r\n")
assert b"hello" in connection.recv(100)
