package io.lb4j.discovery.kubernetes;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A service of Kubernetes, and one of its ports: {@code [namespace/]service[:port]}.
 *
 * @param port a name, a number, or empty for the only one
 */
record ServiceName(String namespace, String service, String port) {
    private static final String LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?";
    private static final Pattern SYNTAX = Pattern.compile("(?:(" + LABEL + ")/)?(" + LABEL + ")(?::(" + LABEL + "))?");

    static ServiceName parse(String text, String defaultNamespace) {
        Matcher parts = SYNTAX.matcher(text);
        if (!parts.matches()) {
            throw new IllegalArgumentException(
                    "service: '" + text
                            + "' (expected: service, service:port or namespace/service:port, of small letters, digits and '-')");
        }
        return new ServiceName(
                parts.group(1) == null ? defaultNamespace : parts.group(1),
                parts.group(2),
                parts.group(3) == null ? "" : parts.group(3));
    }

    static String namespace(String value) {
        if (!value.matches(LABEL)) {
            throw new IllegalArgumentException(
                    "namespace: '" + value + "' (expected: 1 to 63 small letters, digits and '-')");
        }
        return value;
    }

    /** The port's number, or 0 if it is named or not given. */
    int portNumber() {
        return port.matches("[0-9]{1,5}") ? Integer.parseInt(port) : 0;
    }
}
