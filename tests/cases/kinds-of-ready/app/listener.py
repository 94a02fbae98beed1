import socket

import idna

server = socket.create_server(("0.0.0.0", 9000))
while True:
    connection, _ = server.accept()
    connection.close()
