import idna
import ours

print(idna.__version__, ours.NAME)
