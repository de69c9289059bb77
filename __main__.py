"""The platform on one page; docs/architecture.md draws this file, in this order."""

import pulumi
import pulumi_aws as aws

from components.blocks.boundary import bound_roles
from components.blocks.bucket import PrivateBucket
from components.blocks.bucket_access import BucketAccess, read_by_cloudfront, read_through_endpoint
from components.blocks.gone_lists import FORGET_GONE_LISTS
from components.blocks.replication import Replication
from components.edge.address import Address
from components.edge.certificates import Certificates
from components.edge.delivery import Delivery
from components.edge.player_site import PlayerSite
from components.edge.signing import Signing
from components.edge.web_acl import WebAcl
from components.making.catalogue import Catalogue
from components.making.encoding import Encoding
from components.making.handlers import MakingArgs
from components.making.orchestration import Orchestration
from components.making.sidecars import Sidecars
from components.making.standby import Standby
from components.making.storage import ContentStorage
from components.making.sweeper import Sweeper
from components.operating.budget import Budget
from components.operating.canary import Canary, stack_dimension
from components.operating.fault_injection import FaultInjection
from components.operating.log_store import LogStore
from components.operating.notifications import Notifications
from components.operating.observability import Observability
from components.serving.experience import Experience
from components.serving.forecast import Forecast
from components.serving.point_of_presence import PointOfPresence
from components.serving.web_servers import WebServers
from facts.regions import CLOUDFRONT_REGION
from settings import Settings

settings = Settings.load()
home, domain = settings.home, settings.domain
try:
    account_id = aws.get_caller_identity().account_id
except Exception as error:  # the SDK's own, of no narrower class
    sentence = f"AWS does not say which account this is: {error}. Check your credentials: aws sts get-caller-identity"
    raise pulumi.RunError(sentence) from None
settings.refuse_placeholders(account_id)
if settings.permissions_boundary:
    bound_roles(settings.permissions_boundary)
tags = {"project": pulumi.get_project(), "stack": pulumi.get_stack()}

# Everywhere: the buckets for logs, and the topics for alarms.
logs = {
    region: LogStore(
        f"logs-{region}",
        {
            "region": region,
            "account_id": account_id,
            "log_days": settings.log_days,
            "protect": settings.protects(region),
        },
    )
    for region in settings.regions
}
notifications = {
    region: Notifications(
        f"notifications-{region}",
        {
            "region": region,
            "account_id": account_id,
            "senders": ["cloudwatch.amazonaws.com"],
            "email": settings.alarm_email,
        },
    )
    for region in sorted({*settings.regions, CLOUDFRONT_REGION})
}

# Making: an upload becomes renditions and a title.
content = ContentStorage(
    "content",
    {
        "region": home,
        "noncurrent_days": settings.noncurrent_days,
        "log_bucket": logs[home].bucket_name,
        "protect": settings.protect,
        "inherited": {"uploads": settings.inherited.uploads, "media": settings.inherited.media}
        if settings.inherited
        else None,
    },
)
catalogue = Catalogue(
    "catalogue",
    {
        "region": home,
        "protect": settings.protect,
        "copied": bool(settings.standby_home),
        "restored": settings.catalogue_table,
    },
)
standby = (
    Standby(
        "standby",
        {
            "home": home,
            "region": settings.standby_home,
            "uploads": content.uploads,
            "tables": catalogue.tables,
            "noncurrent_days": settings.noncurrent_days,
            "log_bucket": logs[settings.standby_home].bucket_name,
            "protect": settings.protects(settings.standby_home),
        },
    )
    if settings.standby_home
    else None
)
encoding = Encoding(
    "encoding",
    {
        "region": home,
        "account_id": account_id,
        "uploads_arn": content.uploads_arn,
        "media_arn": content.media.bucket_arn,
    },
)
making: MakingArgs = {
    "region": home,
    "account_id": account_id,
    "log_days": settings.log_days,
    "uploads_name": content.uploads_name,
    "uploads_arn": content.uploads_arn,
    "media_name": content.media.bucket_name,
    "media_arn": content.media.bucket_arn,
    "table_name": catalogue.table_name,
    "table_arn": catalogue.table_arn,
    "queue_arn": encoding.queue_arn,
    "job_role_arn": encoding.role_arn,
    "topic_arn": notifications[home].topic_arn,
    "topic_key_arn": notifications[home].key_arn,
    "ladder": settings.ladder_text,
    "surround": settings.surround,
    "max_title_usd": settings.max_title_usd,
}
pipeline = Orchestration("pipeline", {**making, "encode": settings.encode})
sidecars = Sidecars("sidecars", {**making, "dead_letters": pipeline.trigger})
sweeper = Sweeper(
    "sweeper",
    {
        **making,
        "state_machine_arn": pipeline.state_machine_arn,
        "sidecars_arn": sidecars.state_machine_arn,
        "workflow": pipeline.workflow,
        "keep_versions_days": settings.keep_versions_days,
    },
)

# Serving: a rendition reaches a viewer, from the media bucket of its region, or the home one.
media = {
    region: content.media
    if region == home
    else PrivateBucket(
        f"media-{region}",
        {
            "region": region,
            "noncurrent_days": settings.noncurrent_days,
            "protect": settings.protects(region),
            "log_bucket": logs[region].bucket_name,
            "lifecycle": [FORGET_GONE_LISTS],
        },
    )
    for region in settings.regions
}
replicas = {region: bucket for region, bucket in media.items() if region != home}
if replicas:
    Replication("replication", {"home": home, "source": content.media, "replicas": replicas, "prefix": "v/"})
signing = (
    Signing("signing", {"keys": {key.name: key.public_key for key in settings.signing}}) if settings.signing else None
)
web_acl = (
    WebAcl(
        "firewall",
        {"api_requests_per_5_minutes": settings.api_requests_per_5_minutes, "log_days": settings.log_days},
    )
    if settings.web_acl
    else None
)
certificates = (
    Certificates(
        "certificates",
        {"host": domain.name, "zone_id": domain.zone, "home": home, "regions": [*settings.regions]},
    )
    if domain and domain.zone
    else None
)
viewers_certificate = certificates.viewers if certificates else domain.certificate if domain else None
pops = [
    PointOfPresence(
        f"pop-{region}",
        {
            "region": region,
            "cidr": place.cidr,
            "zones": place.zones,
            "certificate": certificates.balancers[region] if certificates else place.certificate,
            "serving": place.serving and not place.leaving,
            "fleets": settings.fleets,
            "nodes": {
                "ami": place.ami,
                "instance_type": settings.instance_type,
                "other_types": settings.other_instance_types,
                "min_nodes": settings.nodes_per_fleet.min,
                "max_nodes": settings.nodes_per_fleet.max,
                "spot_percent": settings.spot_percent,
                "tags": tags,
                "settings": settings.for_nodes,
            },
            "log_days": settings.log_days,
            "protect": settings.protects(region),
            "media_name": media[region].bucket_name,
            "media_arn": media[region].bucket_arn,
            "log_bucket_name": logs[region].bucket_name,
            "log_bucket_arn": logs[region].bucket_arn,
        },
    )
    for region, place in settings.regions.items()
]
home_pop = next(pop for pop in pops if pop.region == home)
web_servers = WebServers(
    "web",
    {
        "region": home,
        "account_id": account_id,
        "balancer": home_pop.balancer,
        "log_days": settings.log_days,
        "encode": settings.encode,
        "stack": stack_dimension(),
        "report_percent": settings.report_percent,
        "table_name": catalogue.table_name,
        "table_arn": catalogue.table_arn,
        "uploads_name": content.uploads_name,
        "state_machine_arn": pipeline.state_machine_arn,
        "concurrency": settings.playback_concurrency,
        "signing": {
            "key_pair_id": signing.key_pair_id,
            "parameter": signing.parameter,
            "host": domain.name,
        }
        if signing and domain
        else None,
    },
    # In earlier releases they were a part of the point of presence.
    pulumi.ResourceOptions(aliases=[pulumi.Alias(parent=home_pop)]),
)
experience = Experience(
    "experience",
    {
        "region": home,
        "account_id": account_id,
        "balancer": home_pop.balancer,
        "log_days": settings.log_days,
        "regions": sorted(settings.regions),
        "stack": stack_dimension(),
        "report_percent": settings.report_percent,
    },
)
forecast = None
if settings.fleets:
    forecast = Forecast(
        "forecast",
        {
            "region": home,
            "account_id": account_id,
            "log_days": settings.log_days,
            "table_name": catalogue.table_name,
            "table_arn": catalogue.table_arn,
            "media_name": content.media.bucket_name,
            "media_arn": content.media.bucket_arn,
        },
    )
site = PlayerSite(
    "site",
    {
        "region": home,
        "noncurrent_days": settings.noncurrent_days,
        "log_bucket": logs[home].bucket_name,
    },
)
delivery = Delivery(
    "delivery",
    {
        "home": home,
        "pops": pops,
        "media": content.media.domain_name,
        "site": site.bucket.domain_name,
        "domain": domain.name if domain else None,
        "certificate": viewers_certificate,
        "price_class": settings.price_class,
        "blocked_countries": settings.blocked_countries,
        "key_group_id": signing.key_group_id if signing else None,
        "web_acl_arn": web_acl.arn if web_acl else None,
        "log_bucket_arn": logs[home].bucket_arn,
    },
)
if domain and domain.zone:
    Address("address", {"host": domain.name, "zone_id": domain.zone, "delivery": delivery})

# Access to the buckets: CloudFront with origin access control, and the nodes of each region through their endpoint.
for pop in pops:
    bucket = media[pop.region]
    readers = read_through_endpoint(bucket.bucket_arn, pop.network.s3_endpoint_id) if pop.fleets else []
    if pop.region == home:
        readers.append(read_by_cloudfront(bucket.bucket_arn, delivery.distribution_arn, "v/*"))
    BucketAccess(
        f"media-{pop.region}-access",
        {
            "region": pop.region,
            "bucket_name": bucket.bucket_name,
            "bucket_arn": bucket.bucket_arn,
            "statements": readers,
        },
    )
BucketAccess(
    "site-access",
    {
        "region": home,
        "bucket_name": site.bucket.bucket_name,
        "bucket_arn": site.bucket.bucket_arn,
        "statements": [read_by_cloudfront(site.bucket.bucket_arn, delivery.distribution_arn, "*")],
    },
)

# Operating: alarms and dashboard, a budget, and an experiment that stops some nodes of a fleet.
for pop in pops:
    Canary(
        f"canary-{pop.region}",
        {
            "region": pop.region,
            "account_id": account_id,
            "host": delivery.domain_name,
            "image": settings.regions[pop.region].ami if pop.fleets else "",
            "log_days": settings.log_days,
        },
    )
observability = Observability(
    "operations",
    {
        "home": home,
        "topics": {region: topic.topic_arn for region, topic in notifications.items()},
        "state_machine_arn": pipeline.state_machine_arn,
        "sidecars_arn": sidecars.state_machine_arn,
        "dead_letter_name": pipeline.dead_letter_name,
        "sweeper_name": sweeper.function_name,
        "forecast_name": forecast.function_name if forecast else None,
        "pops": pops,
        "web_servers": web_servers,
        "buckets": {region: bucket.bucket_name for region, bucket in media.items()},
        "standby": {
            "region": settings.standby_home,
            "uploads": content.uploads_name,
            "copy": standby.uploads.bucket_name,
            "table": catalogue.table_name,
        }
        if standby
        else None,
        "distribution_id": delivery.distribution_id,
        "edge_certificate": viewers_certificate,
    },
)
if settings.monthly_budget_usd:
    Budget("budget", {"monthly_usd": settings.monthly_budget_usd, "email": settings.alarm_email, "tags": tags})
if settings.fault_injection:
    FaultInjection(
        "fault-injection",
        {
            "region": home,
            "account_id": account_id,
            "fleet_name": home_pop.fleets[0].fleet_name,
            "nodes": max(1, settings.nodes_per_fleet.min // 3),
            "stop_alarm_arn": observability.balancer_alarms[home],
        },
    )

pulumi.export("region", home)
pulumi.export("watch_url", pulumi.Output.concat("https://", delivery.domain_name))
pulumi.export("edge_domain", delivery.edge_domain)  # point your own domain at this name
pulumi.export("uploads_bucket", content.uploads_name)
pulumi.export("media_bucket", content.media.bucket_name)
pulumi.export("replicas", {region: bucket.bucket_name for region, bucket in replicas.items()})
pulumi.export("titles_table", catalogue.table_name)
pulumi.export("fleets", [fleet.rollout for pop in pops for fleet in pop.fleets])
pulumi.export("state_machine", pipeline.state_machine_arn)
pulumi.export("reports_log", experience.log_group_name)
pulumi.export("lost_uploads", pipeline.dead_letter_name)
pulumi.export("encoding_queue", encoding.queue_arn)
pulumi.export("ladder", settings.ladder_text)
pulumi.export("surround", settings.surround)
pulumi.export("distribution", delivery.distribution_id)
if signing:
    pulumi.export(
        "signing",
        {
            "keys": [key.name for key in settings.signing],
            "folder": signing.folder,
            "group": signing.key_group_id,
            "function": web_servers.function_name,
        },
    )
if standby:
    # What the config of a stack that takes over needs.
    pulumi.export(
        "standby",
        {
            "region": settings.standby_home,
            "uploads": standby.uploads.bucket_name,
            "media": media[settings.standby_home].bucket_name,
            "table": catalogue.table_name,
        },
    )
pulumi.export("topics", {region: topic.topic_arn for region, topic in notifications.items()})
