from rich.console import Console

Console().print("hello")
