#!/bin/sh
# Options alone mean Envoy. A process of root goes on as the user envoy, unless
# ENVOY_UID=0 asks for root.
set -e
case "$1" in -*) set -- envoy "$@" ;; esac
if [ "$(id -u)" = 0 ] && [ "${ENVOY_UID:-101}" != 0 ]; then
  exec setpriv --reuid=envoy --regid=envoy --clear-groups -- "$@"
fi
exec "$@"
