from bs4 import BeautifulSoup

print(BeautifulSoup("<p>one<p>two", "html5lib").body)
