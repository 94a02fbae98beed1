import slugify

print(slugify.slugify("Two owners, one name"))
