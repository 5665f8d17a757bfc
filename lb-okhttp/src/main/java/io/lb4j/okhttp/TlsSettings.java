package io.lb4j.okhttp;

import io.lb4j.ServiceInstance;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.function.Predicate;
import javax.net.ssl.SSLContext;
import javax.net.ssl.X509KeyManager;
import javax.net.ssl.X509TrustManager;
import org.jspecify.annotations.Nullable;

/**
 * Which instances of a service are spoken TLS to, and with whose certificates. The application says
 * {@code http://orders/} and goes on seeing that; on the wire it is TLS where these settings say so. A URL that says
 * {@code https} is always TLS.
 *
 * <p>Where TLS is to be spoken nothing is ever sent without: an instance that doesn't speak it fails the handshake,
 * which counts as its failure.
 *
 * <p>Files are read when the client is built, and again whenever they change. New connections are made with what is in
 * them now; connections there are finish their calls and are closed. What can't be read, is half written, doesn't
 * belong together or is expired is reported once and changes nothing.
 *
 * <p>Immutable and thread-safe; one object may serve many services, whose files are then read once.
 */
public final class TlsSettings {
    /** How often files are looked at: {@value #DEFAULT_RELOAD_SECONDS} seconds. */
    static final int DEFAULT_RELOAD_SECONDS = 5;

    /** How many days before a certificate expires it is said: {@value}. */
    static final int DEFAULT_WARN_DAYS = 14;

    private static final TlsSettings PER_INSTANCE = builder().build();
    private static final TlsSettings OFF = builder().when(instance -> false).build();

    final Predicate<? super ServiceInstance> secure;
    final @Nullable Path certificates;
    final @Nullable Path key;
    final @Nullable String keyPassword;
    final @Nullable Path trust;
    final @Nullable X509KeyManager keyManager;
    final @Nullable X509TrustManager trustManager;
    final @Nullable SSLContext context;
    final @Nullable String serverName;
    final boolean tls13Only;
    final Duration reloadEvery;
    final Duration warnBefore;

    private TlsSettings(Builder builder) {
        this.secure = builder.secure;
        this.certificates = builder.certificates;
        this.key = builder.key;
        this.keyPassword = builder.keyPassword;
        this.trust = builder.trust;
        this.keyManager = builder.keyManager;
        this.trustManager = builder.trustManager;
        this.context = builder.context;
        this.serverName = builder.serverName;
        this.tls13Only = builder.tls13Only;
        this.reloadEvery = builder.reloadEvery;
        this.warnBefore = builder.warnBefore;
    }

    /**
     * TLS to those instances that discovery says are {@linkplain ServiceInstance#secure() secure}, with the client's own
     * TLS; what services start from.
     */
    public static TlsSettings perInstance() {
        return PER_INSTANCE;
    }

    /** TLS where the URL says {@code https}, and nowhere else. */
    public static TlsSettings off() {
        return OFF;
    }

    /** A builder that starts as {@link #perInstance()}. */
    public static Builder builder() {
        return new Builder();
    }

    /** Whether this instance is spoken TLS to, whatever the URL says. */
    boolean isSecure(ServiceInstance instance) {
        return secure.test(instance);
    }

    /** Whether anything differs from the client's own TLS. */
    boolean isOwn() {
        return isFiles()
                || keyManager != null
                || trustManager != null
                || context != null
                || serverName != null
                || tls13Only;
    }

    boolean isFiles() {
        return certificates != null || trust != null;
    }

    /** Without the password. */
    @Override
    public String toString() {
        return "TlsSettings[" + (certificates == null ? "" : "certificates " + certificates + ", key " + key + ", ")
                + (trust == null ? "" : "trust " + trust + ", ")
                + (serverName == null ? "name of the service" : "name " + serverName)
                + (tls13Only ? ", TLS 1.3 only" : "") + "]";
    }

    /** Collects the settings. Not thread-safe. */
    public static final class Builder {
        private Predicate<? super ServiceInstance> secure = ServiceInstance::secure;
        private @Nullable Path certificates;
        private @Nullable Path key;
        private @Nullable String keyPassword;
        private @Nullable Path trust;
        private @Nullable X509KeyManager keyManager;
        private @Nullable X509TrustManager trustManager;
        private @Nullable SSLContext context;
        private @Nullable String serverName;
        private boolean tls13Only;
        private Duration reloadEvery = Duration.ofSeconds(DEFAULT_RELOAD_SECONDS);
        private Duration warnBefore = Duration.ofDays(DEFAULT_WARN_DAYS);

        private Builder() {}

        /** TLS to every instance, whatever discovery says of it. */
        public Builder always() {
            return when(instance -> true);
        }

        /**
         * Sets which instances are spoken TLS to, for a migration in which some are and some are not yet; default those
         * that are {@linkplain ServiceInstance#secure() secure}.
         *
         * @param value for example {@code instance -> instance.secure() || "on".equals(instance.metadata().get("tls"))};
         *     asked with each snapshot and for each call, so it must be quick and say the same of the same instance
         */
        public Builder when(Predicate<? super ServiceInstance> value) {
            this.secure = Objects.requireNonNull(value, "when");
            return this;
        }

        /**
         * Sets what this client shows servers that ask for a certificate (mutual TLS); default nothing of its own.
         *
         * @param chain PEM file with the certificate and what was needed to sign it, the client's first
         * @param privateKey PEM file with its key in PKCS #8 (RSA, EC, EdDSA); may be the same file
         */
        public Builder identity(Path chain, Path privateKey) {
            this.certificates = Objects.requireNonNull(chain, "chain");
            this.key = Objects.requireNonNull(privateKey, "privateKey");
            return this;
        }

        /** Sets the password of an encrypted key file; default null, none. */
        public Builder keyPassword(@Nullable String value) {
            this.keyPassword = value;
            return this;
        }

        /**
         * Sets whose signature servers must have; default the client's own trust.
         *
         * @param bundle PEM file of certificates; while an authority is being replaced, the old and the new one
         */
        public Builder trust(Path bundle) {
            this.trust = Objects.requireNonNull(bundle, "bundle");
            return this;
        }

        /** Sets what chooses this client's certificate, instead of files; it may change its mind at any time. */
        public Builder keyManager(X509KeyManager value) {
            this.keyManager = Objects.requireNonNull(value, "keyManager");
            return this;
        }

        /** Sets what decides which servers are trusted, instead of a file. */
        public Builder trustManager(X509TrustManager value) {
            this.trustManager = Objects.requireNonNull(value, "trustManager");
            return this;
        }

        /** Sets both as they are, ready made; the trust manager must be the context's. */
        public Builder context(SSLContext value, X509TrustManager trusting) {
            this.context = Objects.requireNonNull(value, "context");
            this.trustManager = Objects.requireNonNull(trusting, "trustManager");
            return this;
        }

        /**
         * Sets which name servers are asked for (SNI) and must have in their certificate; default the service's.
         *
         * @throws IllegalArgumentException if no URL can have such a host
         */
        public Builder serverName(String value) {
            this.serverName = Hosts.canonical("serverName", value);
            return this;
        }

        /** Refuses TLS 1.2; default it is spoken where a server knows no newer one. Older ones are never spoken. */
        public Builder tls13Only() {
            this.tls13Only = true;
            return this;
        }

        /**
         * Sets how often files are looked at for a change; default 5 s. A change is taken up when it has been there
         * unchanged for two looks in a row, so that none is taken up half written.
         *
         * @throws IllegalArgumentException unless at least 100 ms
         */
        public Builder reloadEvery(Duration value) {
            if (value.compareTo(Duration.ofMillis(100)) < 0) {
                throw new IllegalArgumentException("reloadEvery: " + value + " (expected: at least 100 ms)");
            }
            this.reloadEvery = value;
            return this;
        }

        /**
         * Sets how long before a certificate of the files expires it is said in the log, once a day; default 14 days.
         *
         * @throws IllegalArgumentException if negative
         */
        public Builder warnBefore(Duration value) {
            if (value.isNegative()) {
                throw new IllegalArgumentException("warnBefore: " + value + " (expected: >= 0)");
            }
            this.warnBefore = value;
            return this;
        }

        /**
         * Builds the settings. Files are read when a client is built with them.
         *
         * @throws IllegalStateException if one thing was said in two ways, or a password has no key
         */
        public TlsSettings build() {
            check(certificates == null || (keyManager == null && context == null), "identity", "keyManager or context");
            check(trust == null || trustManager == null, "trust", "trustManager or context");
            check(keyManager == null || context == null, "keyManager", "context");
            if (keyPassword != null && key == null) {
                throw new IllegalStateException("keyPassword: set (expected: an identity of files with it)");
            }
            return new TlsSettings(this);
        }

        private static void check(boolean ok, String name, String other) {
            if (!ok) {
                throw new IllegalStateException(name + ": set (expected: not together with " + other + ")");
            }
        }
    }
}
