package io.grpc.xds;

import io.grpc.CallOptions;

/**
 * The call option by which gRPC's own name resolver hands a request's hash to {@code ring_hash}. It is package-private;
 * the public way, a header, would have the measured pick join and hash a string first, which here nobody else does.
 */
public final class RequestHash {
    private RequestHash() {}

    /** The default options, with that hash. */
    public static CallOptions with(long hash) {
        return CallOptions.DEFAULT.withOption(XdsNameResolver.RPC_HASH_KEY, hash);
    }
}
