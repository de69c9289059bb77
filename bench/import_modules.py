"""`python -m bench.import_modules FILE`: import the modules that FILE lists as JSON, and do nothing with them.

The garbage collector is off, as it is while the program runs. Otherwise this would take longer than the whole program.
Prints JSON: its `peak` in MB.
"""

import gc
import importlib
import json
import sys
from pathlib import Path
from types import ModuleType

from bench.usage import peak_mb

if __name__ == "__main__":
    gc.disable()
    names: list[str] = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    for name in names:
        # pulumi_aws has a lazy module for each service, which loads when somebody reads an attribute.
        getattr(importlib.import_module(name), "__all__", None)
    if unloaded := [name for name in names if type(sys.modules[name]) is not ModuleType]:
        sys.exit(f"not loaded: {', '.join(unloaded)}")
    print(json.dumps({"peak": peak_mb()}))
