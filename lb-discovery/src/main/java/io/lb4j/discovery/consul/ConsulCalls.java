package io.lb4j.discovery.consul;

import io.lb4j.discovery.DiscoveryUri.Secret;
import io.lb4j.discovery.internal.JsonCalls;
import java.io.IOException;
import okhttp3.HttpUrl;
import okhttp3.OkHttpClient;
import org.jspecify.annotations.Nullable;

/** What discovery and registration share: the agent's address and who asks. */
final class ConsulCalls {
    private static final String HEADER = "X-Consul-Token";

    private ConsulCalls() {}

    /**
     * Calls to an agent.
     *
     * @throws IllegalArgumentException if the address is malformed, or the token would be sent in the clear
     */
    static JsonCalls open(String address, @Nullable Secret token, @Nullable OkHttpClient client) {
        HttpUrl url = JsonCalls.url(address);
        if (token == null) {
            return new JsonCalls("Consul", url, request -> {}, client);
        }
        if (!JsonCalls.keepsSecrets(url)) {
            throw new IllegalArgumentException(
                    "Consul: " + address + " with a token (expected: https, or a loopback address)");
        }
        return new JsonCalls("Consul", url, request -> request.header(HEADER, token(token)), client);
    }

    /** Refuses what can't be a part of a path. */
    static String name(String what, String value) {
        if (value.isBlank() || value.equals(".") || value.equals("..")) {
            throw new IllegalArgumentException(what + ": '" + value + "' (expected: a name)");
        }
        return value;
    }

    private static String token(Secret token) throws IOException {
        String value = token.read();
        if (value.isEmpty() || !value.chars().allMatch(c -> c > ' ' && c < 0x7f)) {
            // The value is a secret and stays out of messages.
            throw new IOException(
                    "token: " + value.length() + " characters (expected: printable ASCII characters without spaces)");
        }
        return value;
    }
}
