def words():
    from app import words

    return words.plural("agent")


print("done")
