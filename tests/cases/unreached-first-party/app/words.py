import inflection

plural = inflection.pluralize
