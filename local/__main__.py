"""`python -m local demo` and `python -m local add`: what `make demo` and `make add` run."""

import signal

if __name__ == "__main__":
    # Until the commands listen themselves, Ctrl-C ends this at once and without a word: the imports take a second.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from local.commands import app

    app()
