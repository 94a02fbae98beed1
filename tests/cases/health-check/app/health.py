import inflection

print(inflection.pluralize("dog"))
