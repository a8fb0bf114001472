# The gateway in a container. Built in one stage, run in another that has no npm and no sources.
# The base is given by digest where it matters: docker build --build-arg BASE=node:22-bookworm-slim@sha256:… (see docs/guide/containers.md).
ARG BASE=node:22-bookworm-slim
FROM ${BASE} AS build
WORKDIR /app
COPY . .
RUN npm install --no-audit --no-fund && node scripts/build.mjs && npm prune --omit=dev --no-audit --no-fund

ARG BASE
FROM ${BASE}
ENV NODE_ENV=production HOME=/home/moltbot
RUN rm -rf /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack \
  && groupadd --gid 10001 moltbot && useradd --uid 10001 --gid 10001 --home-dir /home/moltbot --create-home --shell /usr/sbin/nologin moltbot \
  && install -d -o 10001 -g 10001 -m 700 /home/moltbot/.moltbot /home/moltbot/.config/moltbot /home/moltbot/.local/state/moltbot
WORKDIR /app
COPY --from=build --chown=root:root /app/package.json ./
COPY --from=build --chown=root:root /app/bin ./bin
COPY --from=build --chown=root:root /app/dist ./dist
COPY --from=build --chown=root:root /app/scripts ./scripts
COPY --from=build --chown=root:root /app/node_modules ./node_modules
USER 10001:10001
EXPOSE 18789
# Asks the gateway itself, over its own command line and certificate.
HEALTHCHECK --interval=30s --timeout=10s --start-period=20s --retries=3 CMD ["node", "bin/moltbot", "health"]
ENTRYPOINT ["node", "bin/moltbot"]
CMD ["gateway", "run", "--bind", "lan"]
