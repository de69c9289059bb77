"""botocore reads the model of a service once for all tests. moto has boto3 make a new session for each test.

By default the garbage collector would look at what a test makes again and again: that is a tenth of the time of those
that call moto a lot.
"""

import functools
import gc

import botocore.session

botocore.session.create_loader = functools.cache(botocore.session.create_loader)
gc.set_threshold(50_000)
