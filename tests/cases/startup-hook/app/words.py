# -*- coding: future_fstrings -*-
name = "world"
said = f"hello {name}"
