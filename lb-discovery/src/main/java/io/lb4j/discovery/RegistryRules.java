package io.lb4j.discovery;

import io.lb4j.discovery.internal.Durations;
import io.lb4j.discovery.internal.JsonCalls;
import java.io.IOException;
import java.time.Duration;
import java.util.regex.Pattern;
import okhttp3.HttpUrl;
import okhttp3.OkHttpClient;
import org.jspecify.annotations.Nullable;

/** What the registry takes: names, times and sizes. Its clients keep the same rules, to fail before they ask. */
final class RegistryRules {
    /** Where everything is, below the registry's URL. */
    static final String PATH = "v1/services";

    static final Duration DEFAULT_TTL = Duration.ofSeconds(15);
    static final Duration MIN_TTL = Duration.ofSeconds(1);
    static final Duration MAX_TTL = Duration.ofMinutes(10);
    static final Duration DEFAULT_WAIT = Duration.ofSeconds(30);
    static final Duration MAX_WAIT = Duration.ofSeconds(60);

    /** Of one registration. */
    static final int MAX_BODY_BYTES = 8 << 10;

    /** Of all registrations together, so that no answer gets larger than what clients take. */
    static final int MAX_TOTAL_BYTES = 8 << 20;

    static final int MIN_TOKEN_LENGTH = 16;

    private static final Pattern SERVICE = Pattern.compile("[A-Za-z0-9]([A-Za-z0-9._-]{0,126}[A-Za-z0-9])?");
    private static final Pattern ID = Pattern.compile("[A-Za-z0-9._:@%\\[\\]-]{1,255}");
    private static final Pattern LEASE = Pattern.compile("[A-Za-z0-9-]{1,64}");

    private RegistryRules() {}

    static String service(String value) {
        return check("service", value, SERVICE, "1 to 128 letters, digits, '.', '_' or '-', first and last no sign");
    }

    static String id(String value) {
        return check("id", value, ID, "1 to 255 letters, digits or any of . _ : @ % [ ] -");
    }

    static String lease(String value) {
        return check("lease", value, LEASE, "1 to 64 letters, digits or '-'");
    }

    static Duration ttl(Duration value) {
        return Durations.check("ttl", value, MIN_TTL, MAX_TTL);
    }

    /**
     * Calls to a registry at an address that users gave.
     *
     * @throws IllegalArgumentException if it is malformed, or the token would be sent in the clear
     */
    static JsonCalls calls(String address, DiscoveryUri.@Nullable Secret token, @Nullable OkHttpClient client) {
        HttpUrl url = JsonCalls.url(address);
        if (token == null) {
            return new JsonCalls("registry", url, request -> {}, client);
        }
        if (!JsonCalls.keepsSecrets(url)) {
            throw new IllegalArgumentException(
                    "registry: " + address + " with a token (expected: https, or a loopback address)");
        }
        return new JsonCalls(
                "registry", url, request -> request.header("Authorization", "Bearer " + readToken(token)), client);
    }

    private static String readToken(DiscoveryUri.Secret token) throws IOException {
        try {
            return token(token.read());
        } catch (IllegalArgumentException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    static String token(String value) {
        if (value.length() < MIN_TOKEN_LENGTH || !value.chars().allMatch(c -> c > ' ' && c < 0x7f)) {
            // The value is a secret and stays out of messages.
            throw new IllegalArgumentException("token: " + value.length() + " characters (expected: at least "
                    + MIN_TOKEN_LENGTH + " printable ASCII characters without spaces)");
        }
        return value;
    }

    private static String check(String name, String value, Pattern pattern, String rule) {
        if (!pattern.matcher(value).matches()) {
            String shown = value.length() > 60 ? value.substring(0, 60) + "..." : value;
            throw new IllegalArgumentException(name + ": " + shown + " (expected: " + rule + ")");
        }
        return value;
    }
}
