#!/bin/bash
# Turns a new machine into a cache node, or powers it off. cloud-init runs this once, on the first boot.
#
# If something fails, the machine is powered off. The Auto Scaling group then replaces it. That needs neither a permission
# nor a network. Two minutes before, the reason is written to the console and to the boot log, which the CloudWatch agent
# sends.
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

# The packages come from Amazon Linux's bucket in this region, through the gateway endpoint for S3, since there is no NAT.
# The endpoint has only IPv4, and dnf would choose IPv6 by itself. The image decides the versions of the packages, so all
# nodes of one image have the same.
for attempt in 1 2 3 4 5; do
    dnf install --assumeyes --setopt=ip_resolve=4 amazon-cloudwatch-agent logrotate mdadm nginx xfsprogs && break
    ((attempt < 5)) || fail "packages could not be installed"
    sleep $((attempt * 5))
done

# The agent starts before anything else can fail, so that it can send the log of a failure. A node can serve without it.
systemctl daemon-reload
/opt/aws/amazon-cloudwatch-agent/bin/amazon-cloudwatch-agent-ctl -a fetch-config -m ec2 -s \
    -c file:/etc/headend/cloudwatch-agent.json || echo "cache node: no metrics and logs: the agent did not start"
systemctl restart amazon-ssm-agent || echo "cache node: no session manager: its agent did not start"

built_with=$(nginx -V 2>&1)
# The first version that follows changes of the bucket's addresses ("resolve" in node.conf).
oldest=1.27.3
[[ $built_with =~ nginx/([0-9.]+) ]] || fail "nginx does not tell its version"
printf '%s\n' "$oldest" "${BASH_REMATCH[1]}" | sort --check=quiet --version-sort ||
    fail "nginx is ${BASH_REMATCH[1]}, and $oldest is needed: pin a newer image"
for module in http_dav_module http_ssl_module; do
    [[ $built_with == *"--with-$module"* ]] || fail "nginx was built without $module"
done

# Only ours: a mistake in another file must not end the boot.
sysctl --load=/etc/sysctl.d/90-headend.conf
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
