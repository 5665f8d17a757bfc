package io.lb4j.okhttp.rules;

import okhttp3.HttpUrl;

/** Names of services as URLs spell them. */
final class ServiceNames {
    private ServiceNames() {}

    /**
     * Lower case, Punycode.
     *
     * @throws IllegalArgumentException if no URL can have such a host
     */
    static String canonical(String what, String name) {
        try {
            return new HttpUrl.Builder().scheme("http").host(name).build().host();
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(what + ": '" + name + "' (expected: a service's name, as in a URL)", e);
        }
    }
}
