"""Lets a test change what the page is answered, in pieces and times that no server can be told to keep."""


def answering(script: str) -> str:
    """A script for the page that is run before its own. `script` defines `answer(path, real)`, which gives the response
    to each fetch; `real()` gives the server's. It may use `later(ms)`, a promise.
    """
    return f"""(() => {{
      const fetched = window.fetch;
      const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
      {script}
      window.fetch = (asked, options) =>
        answer(new URL(asked.url ?? asked, location.href).pathname, () => fetched(asked, options));
    }})();"""
