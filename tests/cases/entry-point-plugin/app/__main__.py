import markdown

text = markdown.markdown("NOTE: mind the gap", extensions=["callouts"])
assert "admonition" in text
print(text)
