package io.lb4j.okhttp.rules;

import io.lb4j.Ticker;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.LongAdder;
import okhttp3.HttpUrl;
import okhttp3.Request;
import okhttp3.RequestBody;
import org.jspecify.annotations.Nullable;

/**
 * Says which calls may leave the process: to which hosts, and what {@link FirewallRule}s ask of them. A call must pass all rules for its host; one
 * that doesn't fails with a {@link RequestDeniedException} before a connection is made. Part of {@link TrafficRules}.
 *
 * <pre>{@code
 * Firewall firewall = Firewall.builder()
 *         .hosts("orders", "billing")
 *         .rule(FirewallRule.named("no admin").denyPaths("/admin").maxBodyBytes(1 << 20).build())
 *         .build();
 * }</pre>
 *
 * <p>What it asks never changes; what it counts, and what is left of its rate limits, belongs to this object, which several clients may share.
 * Thread-safe, without locks.
 */
public final class Firewall {
    /** The rule by which calls to hosts that aren't listed are denied. */
    static final String HOSTS = "hosts";

    private final Set<String> hosts;
    private final List<FirewallRule> rules;
    private final Ticker ticker;
    private final Map<String, LongAdder> denials;
    private final Map<String, RateBuckets> buckets;

    private Firewall(Set<String> hosts, List<FirewallRule> rules, Ticker ticker, @Nullable Firewall before) {
        this.hosts = hosts;
        this.rules = rules;
        this.ticker = ticker;
        Map<String, LongAdder> counts = new LinkedHashMap<>();
        Map<String, RateBuckets> rates = new LinkedHashMap<>();
        counts.put(HOSTS, before == null ? new LongAdder() : before.count(HOSTS));
        for (FirewallRule each : rules) {
            RateLimit limit = each.rateLimit();
            counts.put(each.name(), before == null ? new LongAdder() : before.count(each.name()));
            if (limit != null) {
                RateBuckets kept = before == null ? null : before.bucketsOf(each);
                rates.put(
                        each.name(),
                        kept == null
                                ? new RateBuckets(
                                        limit,
                                        ticker,
                                        ThreadLocalRandom.current().nextLong())
                                : kept);
            }
        }
        this.denials = counts;
        this.buckets = rates;
    }

    /** A builder of a firewall that lets everything pass. */
    public static Builder builder() {
        return new Builder();
    }

    /** The rules, in order. */
    public List<FirewallRule> rules() {
        return rules;
    }

    /** The hosts that calls may go to; empty if to any. */
    public Set<String> hosts() {
        return hosts;
    }

    /** How many calls each rule denied so far, in the order of the rules; those to hosts that aren't listed by {@code hosts}. */
    public Map<String, Long> denials() {
        Map<String, Long> all = new LinkedHashMap<>();
        denials.forEach((name, count) -> all.put(name, count.sum()));
        return all;
    }

    /** Why this request would be denied, or null if it would pass; a dry run that doesn't count and knows no rates. */
    public @Nullable String explain(Request request) {
        RequestDeniedException denial = refusal(request);
        return denial == null ? null : denial.getMessage();
    }

    /**
     * Lets a call pass that begins: counts it against its rate limits.
     *
     * @param abort breaks the call off, if its body should turn out too large on a thread that isn't the call's
     * @return what to send: the request, with a body that is watched if there is a limit to it
     * @throws RequestDeniedException if it may not pass
     */
    public Request admit(Request request, Runnable abort) throws RequestDeniedException {
        check(request);
        Request admitted = request;
        for (int i = 0; i < rules.size(); i++) {
            FirewallRule rule = rules.get(i);
            if (!rule.isFor(request)) {
                continue;
            }
            RateBuckets rates = buckets.get(rule.name());
            if (rates != null) {
                take(rule, rates, request);
            }
            admitted = limited(rule, admitted, abort);
        }
        return admitted;
    }

    /**
     * Checks what a call has become: by a route, a redirect, an interceptor. Counts denials, but no call.
     *
     * @throws RequestDeniedException if it may not pass
     */
    public void check(Request request) throws RequestDeniedException {
        RequestDeniedException denial = refusal(request);
        if (denial != null) {
            throw counted(denial);
        }
    }

    private RequestDeniedException counted(RequestDeniedException denial) {
        LongAdder count = denials.get(denial.rule());
        if (count != null) {
            count.increment();
        }
        return denial;
    }

    private @Nullable RequestDeniedException refusal(Request request) {
        HttpUrl url = request.url();
        if (!hosts.isEmpty()) {
            String why = hostRefusal(request, url);
            if (why != null) {
                return new RequestDeniedException(HOSTS, why);
            }
        }
        for (int i = 0; i < rules.size(); i++) {
            FirewallRule rule = rules.get(i);
            if (rule.isFor(request)) {
                String why = rule.refusal(request);
                why = why == null ? lengthRefusal(rule, request) : why;
                if (why != null) {
                    return new RequestDeniedException(
                            rule.name(), why + "; a call to '" + FirewallRule.shown(url.host()) + "'");
                }
            }
        }
        return null;
    }

    /** Hosts are compared as OkHttp spells them: lower case, Punycode, addresses in one form. What isn't in the list isn't in it in any spelling. */
    private @Nullable String hostRefusal(Request request, HttpUrl url) {
        if (!hosts.contains(url.host())) {
            return "host: '" + FirewallRule.shown(url.host()) + "' (expected: one of " + hosts + ")";
        }
        List<String> named = request.headers("Host");
        for (int i = 0; i < named.size(); i++) {
            HttpUrl authority = HttpUrl.parse(url.scheme() + "://" + named.get(i) + "/");
            if (authority == null
                    || named.get(i).indexOf('/') >= 0
                    || named.get(i).indexOf('@') >= 0
                    || !authority.host().equals(url.host())) {
                return "host: another one in header Host (expected: '" + url.host() + "', the URL's)";
            }
        }
        return null;
    }

    private static @Nullable String lengthRefusal(FirewallRule rule, Request request) {
        RequestBody body = request.body();
        if (body == null || rule.maxBodyBytes() == Long.MAX_VALUE) {
            return null;
        }
        long length;
        try {
            length = body.contentLength();
        } catch (IOException e) {
            // It will fail the call, as it would without us.
            return null;
        }
        return length > rule.maxBodyBytes() ? tooLarge(rule, "body: " + length + " bytes") : null;
    }

    private static String tooLarge(FirewallRule rule, String what) {
        return what + " (expected: at most " + rule.maxBodyBytes() + " bytes)";
    }

    private Request limited(FirewallRule rule, Request request, Runnable abort) {
        RequestBody body = request.body();
        if (body == null || rule.maxBodyBytes() == Long.MAX_VALUE) {
            return request;
        }
        return request.newBuilder()
                .method(
                        request.method(),
                        new LimitedBody(
                                body,
                                rule.maxBodyBytes(),
                                () -> counted(new RequestDeniedException(
                                        rule.name(), tooLarge(rule, "body: more, as it was written"))),
                                abort))
                .build();
    }

    private void take(FirewallRule rule, RateBuckets rates, Request request) throws RequestDeniedException {
        RateLimit limit = Objects.requireNonNull(rule.rateLimit(), "rateLimit");
        String header = limit.header();
        String cookie = limit.cookie();
        List<String> keys = List.of();
        if (header != null) {
            keys = request.headers(header);
        } else if (cookie != null) {
            keys = Subject.cookies(request, cookie);
        }
        if (keys.size() > 1) {
            // Whoever sends a second one would choose which of them the server believes, and which is counted here.
            throw counted(new RequestDeniedException(
                    rule.name(),
                    "key: " + (header != null ? "header " + header : "cookie " + cookie) + " occurs " + keys.size()
                            + " times (expected: once); the rate limit is " + limit));
        }
        if (!rates.tryTake(keys.isEmpty() ? "" : keys.get(0))) {
            throw counted(new RequestDeniedException(
                    rule.name(), "rate: one call too many (expected: at most " + limit + ")"));
        }
    }

    /** The same rules, with what was counted and is left of the rate limits of rules that stayed the same. */
    Firewall after(Firewall before) {
        return new Firewall(hosts, rules, ticker, before);
    }

    private LongAdder count(String name) {
        LongAdder known = denials.get(name);
        return known == null ? new LongAdder() : known;
    }

    private @Nullable RateBuckets bucketsOf(FirewallRule rule) {
        for (FirewallRule each : rules) {
            if (each.name().equals(rule.name()) && Objects.equals(each.rateLimit(), rule.rateLimit())) {
                return buckets.get(each.name());
            }
        }
        return null;
    }

    @Override
    public String toString() {
        return "Firewall[hosts " + (hosts.isEmpty() ? "any" : hosts) + ", rules "
                + rules.stream().map(FirewallRule::name).toList() + "]";
    }

    /** Collects what a firewall says. Not thread-safe. */
    public static final class Builder {
        private final Set<String> hosts = new TreeSet<>();
        private final List<FirewallRule> rules = new ArrayList<>();
        private Ticker ticker = Ticker.system();

        private Builder() {}

        /**
         * Adds hosts, services or others, that calls may go to; default any. A {@code Host} header may not name another one.
         *
         * @throws IllegalArgumentException if no URL can have such a host, or it is an address: one machine may have many, and
         *     services are to be called by name
         */
        public Builder hosts(String... values) {
            for (String each : values) {
                String host = ServiceNames.canonical("hosts", each);
                if (host.indexOf(':') >= 0 || host.chars().allMatch(c -> (c >= '0' && c <= '9') || c == '.')) {
                    throw new IllegalArgumentException("hosts: '" + each + "' (expected: a name and not an address)");
                }
                hosts.add(host);
            }
            return this;
        }

        /** Adds a rule. */
        public Builder rule(FirewallRule value) {
            rules.add(Objects.requireNonNull(value, "rule"));
            return this;
        }

        /** Sets the clock of the rate limits; default {@link Ticker#system()}. */
        public Builder ticker(Ticker value) {
            this.ticker = Objects.requireNonNull(value, "ticker");
            return this;
        }

        /**
         * Builds the firewall.
         *
         * @throws IllegalArgumentException if two rules have the same name
         */
        public Firewall build() {
            Set<String> names = new HashSet<>();
            for (FirewallRule each : rules) {
                if (!names.add(each.name())) {
                    throw new IllegalArgumentException(
                            "rules: '" + each.name() + "' (expected: a name of its own); another rule has it already");
                }
            }
            return new Firewall(Collections.unmodifiableSet(new TreeSet<>(hosts)), List.copyOf(rules), ticker, null);
        }
    }
}
