import multiprocessing
import os
import subprocess
import sys

from app.work import spawned


def main():
    process = multiprocessing.get_context("spawn").Process(target=spawned)
    process.start()
    process.join()
    assert process.exitcode == 0
    code = "name = 'certi' + 'fi'; print(__import__(name).where())"
    subprocess.run([sys.executable, "-I", "-c", code], check=True, env={})
    subprocess.run(["tabulate"], check=True, input=b"1 2")
    child = os.fork()
    if not child:
        __import__("inflec" + "tion")
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0


if __name__ == "__main__":
    main()
