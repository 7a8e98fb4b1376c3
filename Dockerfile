# Makes the executable, then puts it alone on a small Debian.
FROM denoland/deno:debian-2.9.6 AS build
WORKDIR /src
COPY . .
RUN deno task compile --output /taskapp

FROM debian:13-slim
COPY --from=build /taskapp /usr/local/bin/taskapp
# Where the executable unpacks itself, if it is of the self-extracting kind: once, here, so that a
# container starts fast and may have a read-only file system.
ENV TASKAPP_CACHE_DIR=/var/cache
RUN taskapp --version && useradd --system --no-create-home taskapp
USER taskapp
WORKDIR /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=5s \
  CMD ["taskapp", "healthcheck"]
ENTRYPOINT ["taskapp"]
# Whoever reaches this port can start tasks. TASKAPP_NO_AUTH=1 says that only the right ones can;
# without it the server refuses to listen on an address like this.
CMD ["serve", "--host", "0.0.0.0"]
