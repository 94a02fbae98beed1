exec dumb-init true
