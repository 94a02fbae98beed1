import sys

from tqdm import tqdm


def late():
    return [word.upper() for word in tqdm(["late"])]


print(late() if "late" in sys.argv else "ready")
