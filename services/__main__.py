"""`python -m services build` builds what must be built; `python -m services` starts all services until Ctrl-C."""

from __future__ import annotations

import sys
import tempfile
import threading
from contextlib import ExitStack
from pathlib import Path

from services.polaris.build import built
from services.polaris.server import ROOT_ID, ROOT_SECRET, start_polaris
from services.postgres import PASSWORD, USER, start_postgres
from services.process import Process, free_port, listens

KEY, SECRET = "AKIAFLOESERVICES0000", "any-secret-will-do"


def _run() -> None:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="floe-services-")))
        postgres = start_postgres()
        stack.callback(postgres.remove)
        port = free_port()
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
        moto = Process(command, folder / "moto.log", lambda: listens(port))
        moto.start()
        stack.callback(moto.stop)
        polaris = start_polaris(folder, postgres, KEY, SECRET)
        stack.callback(polaris.process.stop)
        print(f"PostgreSQL  postgresql://127.0.0.1:{postgres.port}/postgres  user {USER}, password {PASSWORD}")
        print(f"S3 and STS  http://127.0.0.1:{port}  any keys")
        print(f"Polaris     {polaris.uri}  client id {ROOT_ID}, secret {ROOT_SECRET}, scope PRINCIPAL_ROLE:ALL")
        print("Ctrl-C ends them; what they hold is gone then", flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    try:
        if sys.argv[1:] == ["build"]:
            print(f"Polaris: {built()}")
        elif sys.argv[1:]:
            sys.exit("usage: python -m services [build]")
        else:
            _run()
    except KeyboardInterrupt:
        pass
