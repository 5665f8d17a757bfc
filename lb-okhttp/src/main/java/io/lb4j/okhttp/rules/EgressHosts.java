package io.lb4j.okhttp.rules;

import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import okhttp3.HttpUrl;
import okhttp3.Request;
import org.jspecify.annotations.Nullable;

/**
 * The hosts that calls may go to. Compared as OkHttp spells them: lower case, Punycode, addresses in one form. What isn't in the list isn't in it in any
 * spelling. Immutable and thread-safe.
 */
final class EgressHosts {
    private final Set<String> all;

    /** The same, to be looked up. */
    private final Set<String> quick;

    /** Hosts as {@link #canonical} spells them; none for any. */
    EgressHosts(Set<String> all) {
        this.all = Collections.unmodifiableSet(new TreeSet<>(all));
        this.quick = new HashSet<>(all);
    }

    Set<String> all() {
        return all;
    }

    boolean allows(String host) {
        return all.isEmpty() || quick.contains(host);
    }

    /** Why a request may not go to its host; null if it may. */
    @Nullable
    String refusal(Request request) {
        if (all.isEmpty()) {
            return null;
        }
        HttpUrl url = request.url();
        if (!quick.contains(url.host()) && !quick.contains(url.host() + ":" + url.port())) {
            return "host: '" + url.host() + "', port " + url.port() + " (expected: one of " + all + ")";
        }
        List<String> named = request.headers("Host");
        for (int i = 0; i < named.size(); i++) {
            HttpUrl authority = HttpUrl.parse(url.scheme() + "://" + named.get(i) + "/");
            if (authority == null
                    || named.get(i).indexOf('/') >= 0
                    || named.get(i).indexOf('\\') >= 0
                    || named.get(i).indexOf('?') >= 0
                    || named.get(i).indexOf('#') >= 0
                    || named.get(i).indexOf('@') >= 0
                    || !authority.host().equals(url.host())) {
                return "host: another one in header Host (expected: '" + url.host() + "', the URL's)";
            }
        }
        return null;
    }

    /**
     * A host, with or without a port.
     *
     * @throws IllegalArgumentException if it is neither, or an address
     */
    static String canonical(String value) {
        int colon = value.indexOf(':');
        String name = colon < 0 ? value : value.substring(0, colon);
        String port = colon < 0 ? "" : value.substring(colon);
        boolean isPort =
                port.isEmpty() || (port.matches(":[1-9]\\d{0,4}") && Integer.parseInt(port.substring(1)) <= 65535);
        String host = isPort ? ServiceNames.canonical("hosts", name) : value;
        if (host.indexOf(':') >= 0 || host.chars().allMatch(c -> (c >= '0' && c <= '9') || c == '.')) {
            throw new IllegalArgumentException(
                    "hosts: '" + value + "' (expected: a name and not an address, or a name and a port)");
        }
        return host + port;
    }
}
