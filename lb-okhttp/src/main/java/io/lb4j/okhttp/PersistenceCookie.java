package io.lb4j.okhttp;

import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;
import okhttp3.Request;
import org.jspecify.annotations.Nullable;

/**
 * A cookie by which a web tier has each of its users served by one instance of a service: the web tier gives it to the user and
 * gets it back with the user's next request. Nobody can aim at an instance by editing it, or read which one it is.
 *
 * <pre>{@code
 * PersistenceCookie cookie = PersistenceCookie.builder("lb", "orders").key(secret).build();
 *
 * PersistenceCookie.Session session = cookie.session(userRequest.getHeader("Cookie"));
 * Request call = new Request.Builder().url("http://orders/42").tag(PersistenceCookie.Session.class, session).build();
 * try (Response response = client.newCall(call).execute()) {
 *     String setCookie = session.setCookie();
 *     if (setCookie != null) {
 *         userResponse.addHeader("Set-Cookie", setCookie);
 *     }
 * }
 * }</pre>
 *
 * <p>A cookie that is forged, broken, expired, or for another service is as good as none: the strategy chooses, and a new one is issued. So is one whose instance is gone, drains, is
 * ejected or full. Immutable but for its counts, and thread-safe; the cookie's value survives restarts and is understood by every process with the
 * same keys.
 */
public final class PersistenceCookie {
    /** How long a cookie is good for unless told otherwise: 8 hours. */
    public static final Duration DEFAULT_TIME_TO_LIVE = Duration.ofHours(8);

    /** Fewest bytes of a key: 32, as many as HMAC-SHA-256 yields. */
    public static final int MIN_KEY_BYTES = 32;

    /** Longer ones were not issued here. */
    private static final int MAX_VALUE_LENGTH = 4096;

    private final String name;
    private final String service;
    private final List<CookieSeal> seals;
    private final long seconds;
    private final String attributes;
    private final InstantSource clock;
    private final LongAdder rejected = new LongAdder();
    private final LongAdder expired = new LongAdder();
    private final LongAdder issued = new LongAdder();

    private PersistenceCookie(Builder builder) {
        this.name = builder.name;
        this.service = builder.service;
        this.seals = builder.keys.stream()
                .map(each -> new CookieSeal(each, builder.service, builder.name))
                .toList();
        this.seconds = builder.timeToLive.toSeconds();
        this.attributes = "; Path=" + builder.path + "; Max-Age=" + seconds + "; HttpOnly"
                + (builder.secure ? "; Secure" : "") + "; SameSite=" + builder.sameSite;
        this.clock = builder.clock;
    }

    /**
     * A builder.
     *
     * @param name the cookie's
     * @param service the one whose instances it names, as in URLs
     * @throws IllegalArgumentException if no cookie can have such a name, or no URL such a host
     */
    public static Builder builder(String name, String service) {
        return new Builder(name, service);
    }

    /**
     * The session that a user's request belongs to.
     *
     * @param cookieHeader the {@code Cookie} header as the user sent it, with whatever other cookies; null if there is none
     */
    public Session session(@Nullable String cookieHeader) {
        return new Session(this, cookieHeader == null ? Reading.NOTHING : read(cookieHeader));
    }

    /**
     * What a header said.
     *
     * @param content null if nothing that counts
     * @param trouble why not, if there was something; null if there was nothing, or something that counts
     */
    private record Reading(
            CookieSeal.@Nullable Content content, @Nullable String trouble) {
        static final Reading NOTHING = new Reading(null, null);
    }

    /** How many cookies were read that this didn't issue: forged, broken, of another service or an old key. */
    public long rejected() {
        return rejected.sum();
    }

    /** How many cookies were read whose time was over. */
    public long expired() {
        return expired.sum();
    }

    /** How many cookies were issued. */
    public long issued() {
        return issued.sum();
    }

    /** Several of the name may be there, one planted by another site of the domain: the first that is ours counts. */
    private Reading read(String header) {
        String trouble = null;
        for (String pair : header.split(";", -1)) {
            int equals = pair.indexOf('=');
            if (equals >= 0 && pair.substring(0, equals).trim().equals(name)) {
                CookieSeal.Content content = open(pair.substring(equals + 1).trim());
                if (content == null) {
                    rejected.increment();
                    trouble = "cookie " + name + ": forged, broken, or sealed for another service or with another key"
                            + " (expected: one that was issued here for " + service + ")";
                } else if (content.expiresAt() <= now()) {
                    expired.increment();
                    trouble = "cookie " + name + ": expired " + (now() - content.expiresAt())
                            + " s ago (expected: one that is not older than " + seconds + " s)";
                } else {
                    return new Reading(content, null);
                }
            }
        }
        return new Reading(null, trouble);
    }

    private CookieSeal.@Nullable Content open(String value) {
        if (value.length() > MAX_VALUE_LENGTH) {
            return null;
        }
        for (CookieSeal each : seals) {
            CookieSeal.Content content = each.open(value);
            if (content != null) {
                return content;
            }
        }
        return null;
    }

    private String issue(String instanceId) {
        issued.increment();
        return name + "=" + seals.get(0).seal(new CookieSeal.Content(instanceId, now() + seconds)) + attributes;
    }

    private long now() {
        return clock.instant().getEpochSecond();
    }

    /** The session of this call, if it is for the service that the session is with. */
    static @Nullable Session of(Request request, String host) {
        Session session = request.tag(Session.class);
        return session != null && session.cookie.service.equals(host) ? session : null;
    }

    @Override
    public String toString() {
        return "PersistenceCookie[" + name + " for " + service + ", " + seals.size() + " keys, " + seconds + " s]";
    }

    /**
     * One user's session with a service, for one request of the user's: tag the calls that are made for it with this. Calls of a session at the same time
     * are served by the instance that answers first from then on. Thread-safe.
     */
    public static final class Session {
        private final PersistenceCookie cookie;
        private final CookieSeal.@Nullable Content known;
        private final @Nullable String trouble;
        private final AtomicReference<@Nullable String> instance;

        private Session(PersistenceCookie cookie, Reading reading) {
            this.cookie = cookie;
            this.known = reading.content;
            this.trouble = reading.trouble;
            this.instance = new AtomicReference<>(known == null ? null : known.instanceId());
        }

        /** The id of the instance that serves it; null as long as none does. Not for the user's eyes. */
        public @Nullable String instanceId() {
            return instance.get();
        }

        /** Why the user's cookie is as good as none, for a log; null if it isn't, or there is none. Its value is not in it. */
        public @Nullable String trouble() {
            return trouble;
        }

        /**
         * The value of the {@code Set-Cookie} header to send to the user, once the calls are answered.
         *
         * @return null if nothing answered, or the user's cookie still holds for more than half of its time
         */
        public @Nullable String setCookie() {
            String serves = instance.get();
            if (serves == null) {
                return null;
            }
            boolean holds = known != null
                    && known.instanceId().equals(serves)
                    && known.expiresAt() - cookie.now() > cookie.seconds / 2;
            return holds ? null : cookie.issue(serves);
        }

        /**
         * An instance answered a call.
         *
         * @param wanted who was to
         */
        void served(String id, @Nullable String wanted) {
            // Unless another call of the session has moved it meanwhile.
            instance.compareAndSet(wanted, id);
        }

        @Override
        public String toString() {
            return "Session[" + cookie.name + " of " + cookie.service + "]";
        }
    }

    /** Collects what a cookie is made of. Not thread-safe. */
    public static final class Builder {
        private final String name;
        private final String service;
        private final List<byte[]> keys = new ArrayList<>();
        private Duration timeToLive = DEFAULT_TIME_TO_LIVE;
        private String path = "/";
        private boolean secure = true;
        private String sameSite = "Lax";
        private InstantSource clock = InstantSource.system();

        private Builder(String name, String service) {
            check(
                    !name.isEmpty() && name.chars().allMatch(Builder::isTokenChar),
                    "name",
                    "'" + name + "'",
                    "a token of RFC 9110");
            this.name = name;
            this.service = Hosts.canonical(service);
        }

        private static boolean isTokenChar(int c) {
            return (c >= 'a' && c <= 'z')
                    || (c >= 'A' && c <= 'Z')
                    || (c >= '0' && c <= '9')
                    || "!#$%&'*+-.^_`|~".indexOf(c) >= 0;
        }

        /**
         * Adds a key; at least one is required. The first seals, all open. To rotate, put the new key first and leave the old one behind it for
         * as long as cookies live.
         *
         * @param secret random bytes, the same in all processes of the web tier; copied
         * @throws IllegalArgumentException if shorter than {@value PersistenceCookie#MIN_KEY_BYTES} bytes
         */
        public Builder key(byte[] secret) {
            check(secret.length >= MIN_KEY_BYTES, "key", secret.length + " bytes", "at least " + MIN_KEY_BYTES);
            keys.add(secret.clone());
            return this;
        }

        /**
         * Sets how long a cookie is good for; it is issued anew when half of that is over. Default {@link #DEFAULT_TIME_TO_LIVE}.
         *
         * @throws IllegalArgumentException unless 1 s to 400 days, which is as long as browsers keep any
         */
        public Builder timeToLive(Duration value) {
            check(value.toSeconds() >= 1 && value.toDays() <= 400, "timeToLive", value, "1 s to 400 days");
            this.timeToLive = value;
            return this;
        }

        /**
         * Sets the path below which the user sends the cookie; default {@code /}.
         *
         * @throws IllegalArgumentException unless it begins with / and has no semicolon and no control character
         */
        public Builder path(String value) {
            check(
                    value.startsWith("/") && value.chars().allMatch(c -> c >= ' ' && c < 127 && c != ';'),
                    "path",
                    "'" + value + "'",
                    "printable ASCII that begins with /, without semicolon");
            this.path = value;
            return this;
        }

        /** Sets whether the user sends it over TLS only; default true. */
        public Builder secure(boolean value) {
            this.secure = value;
            return this;
        }

        /**
         * Sets whether other sites' requests carry it: {@code Strict}, {@code Lax} or {@code None}; default {@code Lax}.
         *
         * @throws IllegalArgumentException if it is none of these
         */
        public Builder sameSite(String value) {
            check(
                    List.of("Strict", "Lax", "None").contains(value),
                    "sameSite",
                    "'" + value + "'",
                    "Strict, Lax or None");
            this.sameSite = value;
            return this;
        }

        /** Sets the clock; default the system's. */
        public Builder clock(InstantSource value) {
            this.clock = Objects.requireNonNull(value, "clock");
            return this;
        }

        /**
         * Builds the cookie.
         *
         * @throws IllegalStateException if there is no key
         * @throws IllegalArgumentException if browsers would refuse it: {@code SameSite=None} or a name with {@code __Secure-} or {@code __Host-} that is
         *     not secure, or the last with a path
         */
        public PersistenceCookie build() {
            if (keys.isEmpty()) {
                throw new IllegalStateException("PersistenceCookie: key is missing (expected: set before build)");
            }
            boolean isHost = name.startsWith("__Host-");
            check(
                    secure || !(isHost || name.startsWith("__Secure-")),
                    "secure",
                    false,
                    "true for a name that begins with __Host- or __Secure-");
            check(path.equals("/") || !isHost, "path", "'" + path + "'", "/ for a name that begins with __Host-");
            check(
                    secure || !sameSite.equals("None"),
                    "sameSite",
                    "'None'",
                    "Strict or Lax for a cookie that is not secure");
            return new PersistenceCookie(this);
        }

        private static void check(boolean ok, String what, Object value, String rule) {
            if (!ok) {
                throw new IllegalArgumentException(what + ": " + value + " (expected: " + rule + ")");
            }
        }
    }
}
