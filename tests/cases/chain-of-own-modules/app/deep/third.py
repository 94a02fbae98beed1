def word():
    return __import__("inflection").camelize("late")
