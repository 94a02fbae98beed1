import argparse
import sys

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def late():
    import anyio
    import tabulate

    async def main():
        async with anyio.create_task_group() as group:
            group.start_soon(anyio.sleep, 0)

    anyio.run(main)
    return tabulate.tabulate([tomllib.loads("a = 1").items()])


argparse.ArgumentParser()
print(late() if "late" in sys.argv else "ready")
