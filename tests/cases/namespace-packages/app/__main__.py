import zope.event


def check():
    from zope import interface

    return interface.Interface


zope.event.notify("done")
