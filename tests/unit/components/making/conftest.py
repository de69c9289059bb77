"""Each test of the workflow gets its own world."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from tests.declared import REGION
from tests.making_world import World


@pytest.fixture
def world() -> Iterator[World]:
    with mock_aws():
        resource: Any = boto3.resource("dynamodb", region_name=REGION)
        yield World(
            resource.create_table(
                TableName="titles",
                KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
                AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
                BillingMode="PAY_PER_REQUEST",
            )
        )
