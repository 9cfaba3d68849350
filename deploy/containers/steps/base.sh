#!/bin/sh
# What every image has beside the distribution's base: certificates of the web's authorities, for object stores and hubs, the C++
# library that SCIP needs, and a user without rights. The user's number is fixed, so that volumes can be given to it.
set -eu
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
apt-get install -q -y --no-install-recommends ca-certificates libgcc-s1 libstdc++6 zlib1g
rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/apt /var/log/dpkg.log
groupadd --gid 10001 superposed
useradd --uid 10001 --gid 10001 --home-dir /var/cache/superposed --no-create-home --shell /usr/sbin/nologin superposed
# For whatever user the container is run as, when no volume is mounted here.
install -d -m 1777 /var/cache/superposed
