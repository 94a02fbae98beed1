import tldextract

extract = tldextract.TLDExtract(cache_dir="/tmp/suffixes")
assert extract("https://forums.bbc.co.uk").domain == "bbc"
