# One image for bots, workers and the commands of an operator. It holds the packages the product runs with and nothing for
# tests; the TypeScript runs as it is.
FROM node:24-slim AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# All packages, to generate the database client with; PRISMA_SCHEMA_ENGINE_BINARY keeps Prisma from downloading one.
ENV PRISMA_SCHEMA_ENGINE_BINARY=/bin/true PUPPETEER_SKIP_DOWNLOAD=1 CHECKPOINT_DISABLE=1
RUN npm ci --loglevel=error
COPY prisma ./prisma
RUN node node_modules/prisma/build/index.js generate --no-hints

FROM node:24-slim
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Migrating needs Prisma's engine as WebAssembly, which is no dependency of a running process.
RUN npm ci --omit=dev --loglevel=error --ignore-scripts && npm cache clean --force
COPY --from=packages /app/node_modules/@prisma/schema-engine-wasm ./node_modules/@prisma/schema-engine-wasm
COPY --from=packages /app/src/infra/db/generated ./src/infra/db/generated
COPY prisma ./prisma
COPY src ./src
COPY workers ./workers
COPY scripts ./scripts
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000
USER node
EXPOSE 3000
CMD ["node", "src/bot.ts"]
