import numpy


def late(image):
    import cv2

    return cv2.blur(image, (3, 3))


print(numpy.zeros(3))
