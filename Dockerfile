# Makes the executable, then puts it alone on a small Debian. BuildKit is needed, which is what
# `docker build` has been since Docker 23:
#
#     docker build --build-arg TASKAPP_COMMIT="$(git rev-parse --short HEAD)" --tag taskapp .

# On the builder's own processor, whatever the image is for: nothing is emulated.
FROM --platform=$BUILDPLATFORM denoland/deno:debian-2.9.6 AS build
WORKDIR /src
COPY . .
# What `taskapp --version` names; the context has no .git to ask.
ARG TASKAPP_COMMIT
ARG TARGETARCH
RUN case "$TARGETARCH" in amd64) cpu=x86_64 ;; arm64) cpu=aarch64 ;; esac && \
  TASKAPP_COMMIT="$TASKAPP_COMMIT" deno task compile --target "$cpu-unknown-linux-gnu" --output /out/taskapp
# A self-extracting executable unpacks itself now and not at each start of a container, whose root
# file system may then be read-only. One made by `deno compile` has nothing to unpack.
ENV TASKAPP_CACHE_DIR=/var/cache/taskapp
ARG BUILDARCH
RUN mkdir /out/data /var/cache/taskapp && \
  if head -c 2 /out/taskapp | grep -q '#!'; then /out/taskapp --version || [ "$TARGETARCH" != "$BUILDARCH" ]; fi

# Not distroless, because a self-extracting executable needs a shell.
FROM debian:13-slim
COPY --from=build /out/taskapp /usr/local/bin/taskapp
COPY --from=build /var/cache/taskapp /var/cache/taskapp
# Here SQLite and `.env` live, on a volume.
COPY --from=build --chown=10001:10001 /out/data /var/lib/taskapp
ENV TASKAPP_CACHE_DIR=/var/cache/taskapp
# By number, so that Kubernetes can see that it is not root.
USER 10001:10001
WORKDIR /var/lib/taskapp
VOLUME /var/lib/taskapp
EXPOSE 8000
# Of `serve`; a worker has no port, so start it with --no-healthcheck.
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s CMD ["taskapp", "healthcheck"]
ENTRYPOINT ["taskapp"]
# Whoever reaches this port can start tasks. TASKAPP_NO_AUTH=1 says that only the right ones can;
# without it the server refuses to listen on an address like this.
CMD ["serve", "--host", "0.0.0.0"]
