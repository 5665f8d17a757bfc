package io.lb4j.discovery;

import com.sun.net.httpserver.HttpExchange;
import io.lb4j.discovery.internal.AddressRange;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import org.jspecify.annotations.Nullable;

/**
 * Who may ask at all. With a token, those who have it. Without, the registry is on the loopback interface and takes only
 * requests that name it by a loopback name: a web page that had its own name resolve to 127.0.0.1 would otherwise reach
 * it through the browser of anybody on this machine. Immutable.
 */
final class RequestGate {
    private final byte @Nullable [] tokenDigest;

    RequestGate(@Nullable String token) {
        this.tokenDigest = token == null ? null : sha256(token);
    }

    void check(HttpExchange exchange) throws Refusal {
        if (tokenDigest == null) {
            checkHost(exchange.getRequestHeaders().getFirst("Host"));
            return;
        }
        String given = exchange.getRequestHeaders().getFirst("Authorization");
        boolean bearer = given != null && given.regionMatches(true, 0, "Bearer ", 0, 7);
        // Digests have one length, so the time taken says nothing of the token's.
        if (!MessageDigest.isEqual(tokenDigest, sha256(bearer ? given.substring(7) : "")) || !bearer) {
            throw new Refusal(
                    401,
                    "authorization: " + (given == null ? "none" : "another one")
                            + " (expected: Bearer and the registry's token)");
        }
    }

    private static void checkHost(@Nullable String host) throws Refusal {
        String name = host == null ? "" : host.replaceFirst(":\\d*$", "");
        if (name.startsWith("[") && name.endsWith("]")) {
            name = name.substring(1, name.length() - 1);
        }
        InetAddress literal = AddressRange.literal(name);
        if (!name.equalsIgnoreCase("localhost") && (literal == null || !literal.isLoopbackAddress())) {
            throw new Refusal(403, "Host: " + host + " (expected: localhost or a loopback address)");
        }
    }

    private static byte[] sha256(String text) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
