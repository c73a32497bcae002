ARG BASE=debian:trixie-slim
FROM ${BASE}
# The compiler itself is a package of the project: npm installs it. What goes is
# half of the image: Debian's npm brings what other packages of node are built
# with, and what node-gyp compiles with, which nothing here is.
RUN apt-get -o Acquire::Retries=3 update \
 && DEBIAN_FRONTEND=noninteractive apt-get -o Acquire::Retries=3 install -y --no-install-recommends \
      ca-certificates nodejs npm \
 && cd /usr/share/nodejs \
 && rm -rf @babel @types @webassemblyjs caniuse-lite core-js core-js-pure corepack es-abstract eslint handlebars lodash \
      lodash-es regenerate-unicode-properties terser web-streams-polyfill webpack \
 && rm -rf /usr/include /usr/lib/python3* /usr/lib/*/libcrypto.a /usr/lib/*/libssl.a /var/lib/apt/lists/*
