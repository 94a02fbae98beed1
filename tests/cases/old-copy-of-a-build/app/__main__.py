import pynvml

print(pynvml.nvmlInit)
