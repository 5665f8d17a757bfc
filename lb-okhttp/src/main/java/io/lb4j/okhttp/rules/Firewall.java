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
import java.util.function.Consumer;
import java.util.function.Supplier;
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

    /** The rule by which what isn't a request is denied. */
    static final String FORM = "form";

    static final Set<String> OWN = Collections.unmodifiableSet(new TreeSet<>(List.of(FORM, HOSTS)));

    private final EgressHosts hosts;
    private final List<FirewallRule> rules;
    private final Ticker ticker;
    private final Map<String, LongAdder> denials;
    private final Map<String, RateBuckets> buckets;

    private Firewall(EgressHosts hosts, List<FirewallRule> rules, Ticker ticker, @Nullable Firewall before) {
        this.hosts = hosts;
        this.rules = rules;
        this.ticker = ticker;
        Map<String, LongAdder> counts = new LinkedHashMap<>();
        Map<String, RateBuckets> rates = new LinkedHashMap<>();
        OWN.forEach(each -> counts.put(each, before == null ? new LongAdder() : before.count(each)));
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

    /** The hosts that calls may go to, some with a port; empty if to any. */
    public Set<String> hosts() {
        return hosts.all();
    }

    /** Whether calls may go to this host at any port, as those to a service do. */
    boolean allows(String host) {
        return hosts.allows(host);
    }

    /**
     * How many calls each rule denied so far: first {@code form}, what is no request to begin with, then {@code hosts}, those to hosts that aren't
     * listed, then the rules in order.
     */
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
     * @param broken told if its body turns out too large as it is written, on the thread that writes it
     * @return what to send: the request, with a body that is watched if there is a limit to it
     * @throws RequestDeniedException if it may not pass
     */
    public Request admit(Request request, Consumer<? super RequestDeniedException> broken)
            throws RequestDeniedException {
        Request admitted = checked(request, broken);
        for (int i = 0; i < rules.size(); i++) {
            FirewallRule rule = rules.get(i);
            RateBuckets rates = buckets.get(rule.name());
            if (rates != null && rule.isFor(request)) {
                take(rule, rates, request);
            }
        }
        return admitted;
    }

    /**
     * Lets pass what a call has become: by a route, a redirect, an interceptor. Counts denials, but no call.
     *
     * @param broken told if its body turns out too large as it is written, on the thread that writes it
     * @return what to send: the request, with a body that is watched if there is a limit to it
     * @throws RequestDeniedException if it may not pass
     */
    public Request checked(Request request, Consumer<? super RequestDeniedException> broken)
            throws RequestDeniedException {
        RequestDeniedException denial = refusal(request);
        if (denial != null) {
            throw counted(denial);
        }
        Request checked = request;
        if (request.body() != null) {
            for (int i = 0; i < rules.size(); i++) {
                FirewallRule rule = rules.get(i);
                if (rule.maxBodyBytes() < Long.MAX_VALUE && rule.isFor(request)) {
                    checked = limited(rule, checked, broken);
                }
            }
        }
        return checked;
    }

    private RequestDeniedException counted(RequestDeniedException denial) {
        LongAdder count = denials.get(denial.rule());
        if (count != null) {
            count.increment();
        }
        return denial;
    }

    private @Nullable RequestDeniedException refusal(Request request) {
        String form = RequestForm.refusal(request);
        if (form != null) {
            return new RequestDeniedException(FORM, form);
        }
        String host = hosts.refusal(request);
        if (host != null) {
            return new RequestDeniedException(HOSTS, host);
        }
        Inspection asked = new Inspection(request);
        for (int i = 0; i < rules.size(); i++) {
            FirewallRule rule = rules.get(i);
            if (rule.isFor(request)) {
                String why = rule.refusal(asked);
                why = why == null ? lengthRefusal(rule, request) : why;
                if (why != null) {
                    return new RequestDeniedException(
                            rule.name(), why + "; a call to '" + request.url().host() + "'");
                }
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

    private Request limited(FirewallRule rule, Request request, Consumer<? super RequestDeniedException> broken) {
        RequestBody body = request.body();
        if (body == null || LimitedBody.isWithin(body, rule.maxBodyBytes())) {
            return request;
        }
        Supplier<RequestDeniedException> denial = () -> {
            RequestDeniedException error =
                    counted(new RequestDeniedException(rule.name(), tooLarge(rule, "body: more, as it was written")));
            broken.accept(error);
            return error;
        };
        return request.newBuilder()
                .method(request.method(), new LimitedBody(body, rule.maxBodyBytes(), denial))
                .build();
    }

    private void take(FirewallRule rule, RateBuckets rates, Request request) throws RequestDeniedException {
        RateLimit limit = Objects.requireNonNull(rule.rateLimit(), "rateLimit");
        String header = limit.header();
        String cookie = limit.cookie();
        List<String> keys = List.of();
        if (header != null) {
            keys = Disguises.values(request, header);
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
        return "Firewall[hosts " + (hosts.all().isEmpty() ? "any" : hosts.all()) + ", rules "
                + rules.stream().map(FirewallRule::name).toList() + "]";
    }

    /** Collects what a firewall says. Not thread-safe. */
    public static final class Builder {
        private final Set<String> hosts = new TreeSet<>();
        private final List<FirewallRule> rules = new ArrayList<>();
        private Ticker ticker = Ticker.system();

        private Builder() {}

        /**
         * Adds hosts, services or others, that calls may go to; default any. With a port, as in {@code api.example:8443}, to that one only, else to
         * all; calls to services go to their instances' ports anyway. A {@code Host} header may not name another host.
         *
         * @throws IllegalArgumentException if there are none, no URL can have such a host, or it is an address: one machine may have many, and
         *     services are to be called by name
         */
        public Builder hosts(String... values) {
            if (values.length == 0) {
                throw new IllegalArgumentException("hosts: none (expected: at least one); leave it away to allow all");
            }
            for (String each : values) {
                hosts.add(EgressHosts.canonical(each));
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
            return new Firewall(new EgressHosts(hosts), List.copyOf(rules), ticker, null);
        }
    }
}
