"""The DNS records of the team's own name, for IPv4 and IPv6."""

from tests.declared import ZONE, whole, zoned

RECORD = "aws:route53/record:Record"


def test_the_name_leads_to_the_distribution_by_ipv4_and_ipv6() -> None:
    edge = zoned().one("aws:cloudfront/distribution:Distribution")
    told = {item.inputs["type"]: item.inputs for item in zoned().of_type(RECORD) if "aliases" in item.inputs}
    assert set(told) == {"A", "AAAA"}
    assert edge.inputs["isIpv6Enabled"]
    for record in told.values():
        assert (record["name"], record["zoneId"]) == (edge.inputs["aliases"][0], ZONE)
        [alias] = record["aliases"]
        assert (alias["name"], alias["zoneId"]) == (edge.outputs["domainName"], edge.outputs["hostedZoneId"])


def test_a_record_that_is_there_already_is_not_written_over() -> None:
    assert not [
        item for item in zoned().of_type(RECORD) if "aliases" in item.inputs and "allowOverwrite" in item.inputs
    ]


def test_without_a_zone_the_program_writes_no_record() -> None:
    assert whole("prod").of_type(RECORD) == []
