#!/bin/bash
# Readies the cache disk and writes node.conf. Runs before nginx at every start of the machine: a reboot keeps the
# instance store, a stop and start gives an empty one.
set -euo pipefail

# shellcheck source=/dev/null
source /etc/headend/node.env
disk=/srv/headend/disk

mkdir -p "$disk" /srv/headend/logs
udevadm settle
disks=$(lsblk --nodeps --noheadings --paths --output NAME,MODEL)
mapfile -t stores < <(awk '/Amazon EC2 NVMe Instance Storage/ { print $1 }' <<< "$disks")

mount_cache() {
    mount -t xfs -o noatime,nodev,noexec,nosuid LABEL=headend "$disk"
}

make_cache() {
    local device=${stores[0]}
    if ((${#stores[@]} > 1)); then
        device=/dev/md/headend
        # Striped, not mirrored: what a lost disk held is in the bucket.
        mdadm --create "$device" --run --level=0 --raid-devices="${#stores[@]}" "${stores[@]}"
    fi
    # -K: an instance store comes trimmed; discarding terabytes again takes minutes.
    mkfs.xfs -f -K -L headend "$device"
    udevadm settle
}

# The share of the file system, in percent, that the cache may take. The rest is for what is fetched between two looks
# of nginx's cache manager; without an instance store, it is for the operating system on the same volume.
share=90
if ((${#stores[@]} == 0)); then
    share=50
elif ! mountpoint --quiet "$disk"; then
    if ! mount_cache; then
        # New, or came back empty, or cannot be mounted: nothing of it is worth repairing.
        make_cache
        mount_cache
    fi
fi
install --directory --owner=nginx --group=nginx "$disk/cache" "$disk/health" "$disk/temp"

size_mb=$(df --block-size=1M --output=size "$disk" | tail --lines=1)
imds=http://169.254.169.254/latest
token=$(curl --fail --silent --show-error --retry 5 --request PUT \
    --header "X-aws-ec2-metadata-token-ttl-seconds: 60" "$imds/api/token")
metadata() {
    curl --fail --silent --show-error --retry 5 --header "X-aws-ec2-metadata-token: $token" "$imds/meta-data/$1"
}
node=$(metadata instance-id)
zone=$(metadata placement/availability-zone)
host=$BUCKET.s3.$REGION.amazonaws.com

# KEYS_MB: a megabyte holds 7,000 keys; slices are up to 1 MB, audio and low rungs smaller: four keys a megabyte.
# "resolve" follows the bucket's changing addresses; node-boot has seen that this nginx knows it.
sed -e "s|@NODE@|$node|" \
    -e "s|@FLEET@|$FLEET|" \
    -e "s|@ZONE@|$zone|" \
    -e "s|@KEYS_MB@|$((size_mb * 4 / 7000 + 8))|" \
    -e "s|@CACHE_MB@|$((size_mb * share / 100))|" \
    -e "s|@FREE_MB@|$((size_mb * 4 / 100))|" \
    -e "s|@ORIGIN_SCHEME@|https|" \
    -e "s|@ORIGIN_HOST@|$host|" \
    -e "s|@ORIGIN_PREFIX@||" \
    -e "s|@ORIGIN_SERVER@|$host:443 resolve|" \
    -e "s|@CA_BUNDLE@|/etc/pki/tls/certs/ca-bundle.crt|" \
    -e "s|@RESOLVER@|169.254.169.253|" \
    -e "s|@ACCESS_LOG@|logs/access.jsonl node buffer=64k flush=5s|" \
    /etc/headend/node.conf.in > /etc/headend/node.conf
