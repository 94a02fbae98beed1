import os
import subprocess

subprocess.run(["sh", "app/build.sh"], check=True)
name = "dumb-" + "init"
child = os.fork()
if not child:
    os.execvp(name, [name, "true"])
assert os.waitpid(child, 0)[1] == 0
