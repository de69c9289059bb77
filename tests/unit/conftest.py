"""botocore reads the model of a service once for all tests. moto has boto3 make a new session for each test."""

import functools

import botocore.session

botocore.session.create_loader = functools.cache(botocore.session.create_loader)
