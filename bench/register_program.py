"""`python -m bench.register_program STACK`: one run of the whole program against a provider that makes nothing.

Prints JSON: how many `resources` it registered, the `modules` of pulumi_aws that it loaded, and its `peak` in MB.
"""

import json
import sys
from pathlib import Path
from types import ModuleType

from bench.usage import peak_mb
from local.engine import run_program

PROJECT = Path(__file__).parent.parent

if __name__ == "__main__":
    deployment = run_program(PROJECT, stack=sys.argv[1])
    # The SDK puts a lazy module for each service into sys.modules. Reading an attribute would load the service; looking
    # at the module's class does not.
    modules = [
        name
        for name, module in sys.modules.items()
        if name.partition(".")[0] == "pulumi_aws" and type(module) is ModuleType
    ]
    resources = sum(registration.custom for registration in deployment.registrations)
    print(json.dumps({"resources": resources, "modules": modules, "peak": peak_mb()}))
