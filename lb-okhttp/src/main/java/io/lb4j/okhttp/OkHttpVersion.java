package io.lb4j.okhttp;

import java.security.CodeSource;
import okhttp3.Dns;

/** Refuses an OkHttp that is too old, when the client is built and not in the middle of its first call. */
final class OkHttpVersion {
    private OkHttpVersion() {}

    /**
     * Checks that calls can be aimed.
     *
     * @param chain {@code okhttp3.Interceptor.Chain}
     * @throws IllegalStateException if it is that of an OkHttp before 5.4
     */
    static void check(Class<?> chain) {
        try {
            chain.getMethod("withDns", Dns.class);
        } catch (NoSuchMethodException | LinkageError e) {
            CodeSource source = chain.getProtectionDomain().getCodeSource();
            throw new IllegalStateException(
                    "OkHttp: the one loaded from " + (source == null ? "an unknown place" : source.getLocation())
                            + " has no Interceptor.Chain.withDns (expected: 5.4 or later). Import"
                            + " com.squareup.okhttp3:okhttp-bom and depend on okhttp-jvm; if an okhttp 4 jar is on the"
                            + " class path beside it (Retrofit brings one), the BOM replaces that too",
                    e);
        }
    }
}
