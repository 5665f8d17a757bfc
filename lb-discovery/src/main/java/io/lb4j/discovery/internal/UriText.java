package io.lb4j.discovery.internal;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The parts of a URI, still encoded. {@link java.net.URI} would do, but for several hosts, and for messages that say what
 * is wrong. Immutable.
 *
 * @param scheme in lower case
 * @param authority empty if there is none
 * @param path empty if there is none
 */
public record UriText(String scheme, String authority, String path, Map<String, String> parameters) {
    private static final Pattern SYNTAX =
            Pattern.compile("([A-Za-z][A-Za-z0-9+.-]*):(?://([^/?#]*))?([^?#]*)(?:\\?([^#]*))?(#.*)?", Pattern.DOTALL);
    private static final Pattern HOST = Pattern.compile("(\\[[^\\]]*\\]|[^:\\[\\]]*)(?::(\\d{1,5}))?");
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9._-]{1,255}");
    private static final Pattern USER = Pattern.compile("^[^/?#]*//[^/?#]*@");

    /** Characters that RFC 3986 has in no part of a URI, and that are more often slips than meant. */
    private static final Pattern FORBIDDEN = Pattern.compile("[\\p{Cntrl}\\s\"<>\\\\^`{}|]");

    private static final String FORM = "scheme://host:port/service?name=value";

    public static UriText parse(String text) {
        if (USER.matcher(text).find()) {
            throw new IllegalArgumentException(
                    "discovery URI: a user or password before the host (expected: none, since URIs"
                            + " end up in logs; secrets are named by parameters, as tokenFile= or tokenEnv=)");
        }
        Matcher parts = SYNTAX.matcher(text);
        if (!parts.matches()) {
            throw new IllegalArgumentException("discovery URI: '" + withoutQuery(text) + "' (expected: " + FORM + ")");
        }
        Matcher forbidden = FORBIDDEN.matcher(text);
        if (forbidden.find()) {
            throw new IllegalArgumentException(String.format(
                    Locale.ROOT,
                    "discovery URI: '%s' has the character U+%04X at %d (expected: other characters than letters, digits and"
                            + " punctuation percent-encoded)",
                    withoutQuery(text),
                    (int) text.charAt(forbidden.start()),
                    forbidden.start()));
        }
        if (parts.group(5) != null) {
            throw new IllegalArgumentException(
                    "discovery URI: '" + withoutQuery(text) + "' with a fragment (expected: # written %23)");
        }
        String scheme = parts.group(1).toLowerCase(Locale.ROOT);
        String authority = parts.group(2) == null ? "" : parts.group(2);
        String shown = scheme + ":" + (parts.group(2) == null ? "" : "//" + authority) + parts.group(3);
        return new UriText(scheme, authority, parts.group(3), parameters(parts.group(4), shown));
    }

    private static String withoutQuery(String text) {
        int query = text.indexOf('?');
        return query < 0 ? text : text.substring(0, query);
    }

    private static Map<String, String> parameters(@Nullable String query, String shown) {
        Map<String, String> parameters = new LinkedHashMap<>();
        if (query == null || query.isEmpty()) {
            return parameters;
        }
        for (String parameter : query.split("&", -1)) {
            int equals = parameter.indexOf('=');
            if (equals < 1) {
                throw new IllegalArgumentException("parameter: '" + (equals < 0 ? parameter : "")
                        + "' (expected: name=value, separated by &), in " + shown);
            }
            String name = decode("parameter", parameter.substring(0, equals), shown);
            if (parameters.putIfAbsent(name, parameter.substring(equals + 1)) != null) {
                throw new IllegalArgumentException(name
                        + ": given twice (expected: each parameter once, a list separated by commas), in " + shown);
            }
        }
        return Collections.unmodifiableMap(parameters);
    }

    /**
     * One host of an authority, as {@code host:port}.
     *
     * @param defaultPort 0 if there must be a port
     * @param uri for messages
     */
    public static String hostAndPort(String host, int defaultPort, Object uri) {
        Matcher parts = HOST.matcher(host);
        boolean sound = parts.matches();
        String name = sound ? parts.group(1) : "";
        boolean bracketed = name.startsWith("[");
        boolean named = bracketed
                ? name.indexOf(':') >= 0 && AddressRange.literal(name.substring(1, name.length() - 1)) != null
                : NAME.matcher(name).matches();
        int port = !sound || parts.group(2) == null ? defaultPort : Integer.parseInt(parts.group(2));
        if (!named || port < 1 || port > 65535) {
            throw new IllegalArgumentException("host: '" + host + "' (expected: host:port, separated by commas, an IPv6"
                    + " address in brackets" + (defaultPort > 0 ? ", the port " + defaultPort + " if not given" : "")
                    + "), in " + uri);
        }
        return name + ":" + port;
    }

    /**
     * Replaces {@code %20} and the like, read as UTF-8. A plus stays one, as RFC 3986 says.
     *
     * @param uri for messages
     */
    public static String decode(String name, String raw, Object uri) {
        if (raw.indexOf('%') < 0) {
            return raw;
        }
        byte[] encoded = raw.getBytes(StandardCharsets.UTF_8);
        ByteBuffer decoded = ByteBuffer.allocate(encoded.length);
        for (int i = 0; i < encoded.length; i++) {
            if (encoded[i] != '%') {
                decoded.put(encoded[i]);
                continue;
            }
            int high = i + 2 < encoded.length ? Character.digit(encoded[i + 1], 16) : -1;
            int low = i + 2 < encoded.length ? Character.digit(encoded[i + 2], 16) : -1;
            if (high < 0 || low < 0) {
                throw undecodable(name, raw, uri, null);
            }
            decoded.put((byte) (high << 4 | low));
            i += 2;
        }
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(decoded.flip()).toString();
        } catch (CharacterCodingException e) {
            throw undecodable(name, raw, uri, e);
        }
    }

    private static IllegalArgumentException undecodable(
            String name, String raw, Object uri, @Nullable CharacterCodingException cause) {
        return new IllegalArgumentException(
                name + ": " + raw + " (expected: a percent sign and two hexadecimal digits per byte of UTF-8), in "
                        + uri,
                cause);
    }

    /** Scheme, hosts and path. */
    @Override
    public String toString() {
        return scheme + ":" + (authority.isEmpty() ? "" : "//" + authority) + path;
    }
}
