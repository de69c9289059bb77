"""`python -m operate`, which `./headend` runs."""

import signal

if __name__ == "__main__":
    # During the imports, Ctrl-C ends the process at once. Python's own handler would print a traceback.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from operate.command import main

    main()
