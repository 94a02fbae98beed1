from markdown_it import MarkdownIt

print(MarkdownIt().render("# bloat"))
