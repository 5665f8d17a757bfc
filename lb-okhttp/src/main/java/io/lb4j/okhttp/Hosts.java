package io.lb4j.okhttp;

import okhttp3.HttpUrl;

/** What a URL's host tells without asking anybody. */
final class Hosts {
    private Hosts() {}

    /**
     * Whether it is a name without a dot that is no address: not {@code ::1}, and not {@code 2130706433}, which the
     * resolver takes for 127.0.0.1.
     */
    static boolean isSingleLabel(String host) {
        boolean digitsOnly = true;
        for (int i = 0; i < host.length(); i++) {
            char c = host.charAt(i);
            if (c == '.' || c == ':') {
                return false;
            }
            digitsOnly &= c >= '0' && c <= '9';
        }
        return !digitsOnly;
    }

    /**
     * The name as URLs spell it: lower case, Punycode.
     *
     * @throws IllegalArgumentException if no URL can have such a host
     */
    static String canonical(String name) {
        return canonical("service", name);
    }

    /**
     * The same, of something else than a service.
     *
     * @param what it is, for the message
     */
    static String canonical(String what, String name) {
        try {
            return new HttpUrl.Builder().scheme("http").host(name).build().host();
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(what + ": '" + name + "' (expected: a host name, as in a URL)", e);
        }
    }
}
