# Serves moto on 127.0.0.1 with one worker: its state is not made for several threads. The first requests, in a
# number that the environment says, need no signature, so that a user with keys can be made.
import sys

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from waitress import serve

application = DomainDispatcherApplication(create_backend_app)


def with_raw_path(environ, start_response):
    # Signatures are over the path as it was sent; this server keeps it under another name.
    environ.setdefault("RAW_URI", environ["REQUEST_URI"])
    return application(environ, start_response)


serve(with_raw_path, host="127.0.0.1", port=int(sys.argv[1]), threads=1)
