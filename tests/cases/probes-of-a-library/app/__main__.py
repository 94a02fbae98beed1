from importlib.metadata import version

from huggingface_hub import utils

print(utils.get_hf_hub_version(), version("tabulate"))
