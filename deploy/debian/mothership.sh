#!/bin/sh
# The service's configuration, unless another one is named or lies here.
if [ -z "${MOTHERSHIP_CONFIG:-}" ] && ! [ -e config.yaml ] && [ -r /etc/mothership/config.yaml ]; then
    export MOTHERSHIP_CONFIG=/etc/mothership/config.yaml
fi
exec /opt/mothership/bin/mothership "$@"
