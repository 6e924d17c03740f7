# syntax=docker/dockerfile:1

# The builder's Debian is the final stage's, so the glibc it links against is the one that is there at run time.
FROM rust:1.95-bookworm AS builder
WORKDIR /src

# Layer 1: the dependencies, fetched only when a manifest or the lock file changes. The one layer that needs a network.
# Cargo reads a manifest only where there is something to build.
COPY Cargo.toml Cargo.lock ./
COPY actors/Cargo.toml actors/
RUN mkdir -p src actors/src \
    && touch src/lib.rs src/main.rs actors/src/lib.rs \
    && cargo fetch --locked

# Layer 2: our code, built without a network from exactly what the lock file names.
COPY . .
RUN cargo build --release --locked --offline --bin mcpvisor \
    && install -D target/release/mcpvisor /out/usr/local/bin/mcpvisor \
    && install -d /out/var/lib/mcpvisor

# glibc, libgcc and certificates; no shell, no package manager. Servers started by `command:` need their runtime (node,
# python …): copy the binary from this image into one that has it, or reach servers by `url:`.
FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=builder /out/usr/local/bin/mcpvisor /usr/local/bin/mcpvisor
COPY --from=builder --chown=65532:65532 /out/var/lib/mcpvisor /var/lib/mcpvisor
USER 65532:65532
ENV MCPVISOR__STATE_DIR=/var/lib/mcpvisor
VOLUME ["/var/lib/mcpvisor"]
EXPOSE 3210

# The binary asks itself: there is no curl here.
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s --retries=3 \
    CMD ["/usr/local/bin/mcpvisor", "health", "--url", "http://127.0.0.1:3210/livez"]

# Loopback inside a container reaches nobody, so the image listens on every address of the container, and says so with
# --allow-remote. What is published is the operator's choice: `docker run -p 127.0.0.1:3210:3210` keeps it on this machine.
ENTRYPOINT ["/usr/local/bin/mcpvisor"]
CMD ["serve", "--allow-remote", "--listen", "0.0.0.0:3210"]
