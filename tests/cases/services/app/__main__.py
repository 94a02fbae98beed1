import socket
import time

import redis


def host():
    try:
        socket.getaddrinfo("redis", 6379)
    except OSError:
        return "127.0.0.1"
    return "redis"


client = redis.Redis(host=host(), port=6379)
client.set("greeting", "hello")
print("connected", flush=True)
time.sleep(600)
