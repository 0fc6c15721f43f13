"""Serves the scripted function on a free port; the tests in kits/tests talk to it through Headway."""

import scripted
from headway_kit.wsgi import serve

if __name__ == "__main__":
    serve(scripted.BLOCKING["item"], port=0)
