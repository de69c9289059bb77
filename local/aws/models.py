"""The models of AWS's services, which moto reads when a service is called for the first time."""

import functools

from moto.core.loaders import create_loader

from local.aws.mends import mend


def install() -> None:
    """Let all services share one loader. moto makes one for each, and each one looks through all of botocore's folders
    for some 30 ms."""
    mend("moto.core.utils:create_loader", functools.cache(create_loader))
