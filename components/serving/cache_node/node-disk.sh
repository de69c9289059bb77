#!/bin/bash
# Prepares the cache disk and writes node.conf. Runs before nginx at every start of the machine. A reboot keeps the
# instance store. After a stop and a start it is empty.
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
        # The disks are striped and not mirrored, since the bucket has everything that a lost disk had.
        mdadm --create "$device" --run --level=0 --raid-devices="${#stores[@]}" "${stores[@]}"
    fi
    # -K: do not discard blocks. An instance store is already trimmed, and to discard terabytes takes minutes.
    mkfs.xfs -f -K -L headend "$device"
    udevadm settle
}

# Percent of the file system for the cache and its headroom. Without an instance store, the operating system on the same
# volume gets the rest.
share=95
if ((${#stores[@]} == 0)); then
    share=50
elif ! mountpoint --quiet "$disk"; then
    if ! mount_cache; then
        # The disk is new, or empty, or cannot be mounted. It is never worth a repair.
        make_cache
        mount_cache
    fi
fi
install --directory --owner=nginx --group=nginx "$disk/cache" "$disk/health" "$disk/temp" "$disk/fill"

# After a power cut, files of the last minute may have holes, because the kernel and XFS's log write up to 30 s late. The
# health check writes its file every few seconds, so that file's time says when the node was last alive. node-fill's notes
# of the same minute are deleted too. Otherwise it would not fetch those files again.
probe=$disk/health/probe
if [[ -e $probe ]]; then
    find "$disk/cache" "$disk/fill" -type f -newermt "@$(($(stat --format=%Y "$probe") - 120))" -delete
fi

size_mb=$(df --block-size=1M --output=size "$disk" | tail --lines=1)
imds=http://169.254.169.254/latest
token=$(curl --fail --silent --show-error --retry 5 --request PUT \
    --header "X-aws-ec2-metadata-token-ttl-seconds: 60" "$imds/api/token")
metadata() {
    curl --fail --silent --show-error --retry 5 --header "X-aws-ec2-metadata-token: $token" "$imds/meta-data/$1"
}

# Each @NAME@ in node.conf.in is replaced by the variable of that name, from here or from node.env.
# shellcheck disable=SC2034
{
    NODE=$(metadata instance-id)
    ZONE=$(metadata placement/availability-zone)
    # A megabyte holds 7,000 keys. Segments of audio and of low rungs are small, so there are four keys per megabyte.
    KEYS_MB=$((size_mb * 4 / 7000 + 8))
    CACHE_MB=$((size_mb * share / 100 - HEADROOM_MB))
    FREE_MB=$HEADROOM_MB
    ORIGIN_SCHEME=https
    ORIGIN_HOST=$BUCKET.s3.$REGION.amazonaws.com
    ORIGIN_PREFIX=
    # "resolve" follows changes of the bucket's addresses. node-boot has checked that this nginx knows the word.
    ORIGIN_SERVER="$ORIGIN_HOST:443 resolve"
    CA_BUNDLE=/etc/pki/tls/certs/ca-bundle.crt
    SHARE=/run/headend/share
    RESOLVER=169.254.169.253
    ACCESS_LOG="logs/access.jsonl node buffer=64k flush=5s"
}
if ((CACHE_MB < 1)); then
    echo "cache node: $size_mb MB are too few for a cache with $HEADROOM_MB MB of headroom" >&2
    exit 1
fi
text=$(< /etc/headend/node.conf.in)
while [[ $text =~ @([A-Z_]+)@ ]]; do
    name=${BASH_REMATCH[1]}
    text=${text//"@$name@"/"${!name}"}
done
printf '%s\n' "$text" > /etc/headend/node.conf
echo "NODE=$NODE" > /etc/headend/instance.env
