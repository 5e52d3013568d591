# syntax=docker/dockerfile:1
# The operator alone, linked statically, on nothing:
#     docker build --build-arg REVISION="$(git rev-parse HEAD)" --tag registry.example.com/oauth-client-operator:0.1.0 .
# tools/image-check tries it without a container engine.
FROM rust:1.95-slim-bookworm AS build
WORKDIR /src
COPY . .
# The target is named, so that the flags hold for the operator and not for macros, which run while it is built. The caches
# make a second build short, and are no part of the image.
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/src/target \
    target=$(rustc -vV | sed -n 's/^host: //p') && \
    RUSTFLAGS="-C target-feature=+crt-static --remap-path-prefix=/usr/local/cargo/registry/src=/cargo" \
    cargo build --release --locked --package oauth-client-operator --bin oauth-client-operator --target "$target" && \
    install -D "target/$target/release/oauth-client-operator" /out/oauth-client-operator

FROM scratch
ARG REVISION=""
LABEL org.opencontainers.image.title="oauth-client-operator" \
      org.opencontainers.image.description="An OAuth client is a Kubernetes resource" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.licenses="Apache-2.0"
# Authorities that sign the certificates of public servers. A server with a private one has it in spec.tls.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/oauth-client-operator /oauth-client-operator
# A number, since runAsNonRoot cannot judge a name.
USER 65532:65532
EXPOSE 8080
ENTRYPOINT ["/oauth-client-operator"]
CMD ["--help"]
