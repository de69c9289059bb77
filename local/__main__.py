"""`python -m local demo` and `python -m local add`: what `make demo` and `make add` run."""

import signal

if __name__ == "__main__":
    # Imports take a second. Until the commands handle signals, Ctrl-C ends the program at once, without a message.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from local.commands import app

    app()
