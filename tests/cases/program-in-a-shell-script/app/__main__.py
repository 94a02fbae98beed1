import subprocess

subprocess.run(["sh", "app/start.sh"], check=True)
