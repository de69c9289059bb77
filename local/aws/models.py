"""The models of AWS's services, which moto reads when a service is called for the first time."""

import functools

import botocore.loaders
from moto.core.loaders import create_loader

from local.aws.mends import mend


def install() -> None:
    """Let all services share one loader. moto makes one for each service. boto3 makes one for each session, and moto's
    import makes many. Each one looks through all of botocore's folders for some 30 ms, and reads endpoints and models
    anew. To be called before moto's services are imported.
    """
    mend("botocore.session:create_loader", functools.cache(botocore.loaders.create_loader))
    mend("moto.core.utils:create_loader", functools.cache(create_loader))
