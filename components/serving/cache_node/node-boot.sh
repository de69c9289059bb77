#!/bin/bash
# Makes a fresh machine a cache node, or ends it. cloud-init runs this once, on the first boot.
#
# A node that cannot be made is powered off: the Auto Scaling group replaces an instance that stops running, which
# needs neither a permission nor a network. Two minutes before that, the reason is on the console and in the boot log,
# and the CloudWatch agent has sent it.
set -Eeuo pipefail

fail() {
    trap - ERR
    local message="cache node: boot failed: $1"
    echo "$message"
    echo "$message" > /dev/console || true
    journalctl --no-pager --lines=20 --unit="cache-node*" || true
    shutdown --poweroff +2 "$message"
    exit 1
}
trap 'fail "line $LINENO: $BASH_COMMAND"' ERR

# shellcheck source=/dev/null
source /etc/headend/node.env

# The packages come from Amazon Linux's bucket in this region, through the gateway endpoint to S3: no NAT. The endpoint
# is IPv4 only, and left alone dnf would choose IPv6. Their versions are those of the image, so nodes of one image are alike.
for attempt in 1 2 3 4 5; do
    dnf install --assumeyes --setopt=ip_resolve=4 amazon-cloudwatch-agent mdadm nginx xfsprogs && break
    ((attempt < 5)) || fail "packages could not be installed"
    sleep $((attempt * 5))
done

# Before anything else can fail, so that the log of a failure leaves the machine. It sends what it can; a node serves
# without it.
systemctl daemon-reload
/opt/aws/amazon-cloudwatch-agent/bin/amazon-cloudwatch-agent-ctl -a fetch-config -m ec2 -s \
    -c file:/etc/headend/cloudwatch-agent.json || echo "cache node: no metrics and logs: the agent did not start"
systemctl restart amazon-ssm-agent || echo "cache node: no session manager: its agent did not start"

built_with=$(nginx -V 2>&1)
# The first that follows the bucket's changing addresses ("resolve" in node.conf).
oldest=1.27.3
[[ $built_with =~ nginx/([0-9.]+) ]] || fail "nginx does not tell its version"
printf '%s\n' "$oldest" "${BASH_REMATCH[1]}" | sort --check=quiet --version-sort ||
    fail "nginx is ${BASH_REMATCH[1]}, and $oldest is needed: pin a newer image"
for module in http_dav_module http_ssl_module; do
    [[ $built_with == *"--with-$module"* ]] || fail "nginx was built without $module"
done

sysctl --system
systemctl enable --now logrotate.timer fstrim.timer cache-node-scrub.timer
systemctl enable cache-node-disk.service cache-node.service
systemctl start cache-node.service
systemctl enable --now cache-node-report.service cache-node-fill.service cache-node-watch.service

for ((second = 0; second < 30; second++)); do
    if curl --fail --silent --output /dev/null "http://127.0.0.1:$PORT/healthz"; then
        echo "cache node: healthy"
        exit 0
    fi
    sleep 1
done
fail "nginx is not healthy: $(tail --lines=5 /srv/headend/logs/error.log || true)"
