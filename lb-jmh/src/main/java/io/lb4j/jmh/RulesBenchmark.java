package io.lb4j.jmh;

import io.lb4j.Subset;
import io.lb4j.okhttp.rules.RequestMatch;
import io.lb4j.okhttp.rules.Route;
import io.lb4j.okhttp.rules.RouteDecision;
import io.lb4j.okhttp.rules.TrafficRules;
import io.lb4j.okhttp.rules.ValueMatch;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import okhttp3.Request;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** What rules cost a call: those of all kinds, of which none, the last, or the last with a rewrite matches. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
@State(Scope.Benchmark)
public class RulesBenchmark {
    private static final Request NONE = request("http://orders/orders/7?a=1").build();
    private static final Request LAST =
            request("http://orders/orders/7?a=1").header("X-User", "user-4711").build();
    private static final Request REWRITTEN =
            request("http://orders/moved/7?a=1").build();

    /** How many rules there are. */
    @Param({"0", "20"})
    public int rules;

    private TrafficRules all = TrafficRules.none();

    /** JMH makes it and sets the parameters. */
    public RulesBenchmark() {}

    /** Rules with one or two conditions each, in turn. */
    @Setup
    public void make() {
        TrafficRules.Builder builder = TrafficRules.builder();
        for (int i = 0; i < rules - 2; i++) {
            RequestMatch.Builder match = RequestMatch.builder();
            switch (i % 6) {
                case 0 -> match.pathPrefix("/a" + i);
                case 1 -> match.method("GET").pathTemplate("/orders/{id}/x" + i);
                case 2 -> match.header("X-Tier", ValueMatch.is("tier-" + i));
                case 3 -> match.service("orders").query("q" + i, ValueMatch.isPresent());
                case 4 -> match.cookie("c" + i, ValueMatch.beginsWith("x"));
                default -> match.contentType("video/x" + i);
            }
            builder.route(Route.named("r" + i).match(match.build()).build());
        }
        if (rules > 0) {
            builder.route(Route.named("last")
                    .match(RequestMatch.builder()
                            .percent(100)
                            .byHeader("X-User")
                            .build())
                    .subset(Subset.of("version", "canary"))
                    .build());
            builder.route(Route.named("rewritten")
                    .match(RequestMatch.builder().pathTemplate("/moved/{id}").build())
                    .service("billing")
                    .rewritePath("/v2/{id}")
                    .build());
        }
        all = builder.build();
    }

    private static Request.Builder request(String url) {
        return new Request.Builder()
                .url(url)
                .header("Accept", "application/json")
                .header("User-Agent", "benchmark")
                .header("X-Request-Id", "8a7b");
    }

    /** Looked at by all rules. */
    @Benchmark
    public @Nullable RouteDecision none() throws IOException {
        return all.decide(NONE);
    }

    /** Looked at by all rules, and drawn by the last but one. */
    @Benchmark
    public @Nullable RouteDecision last() throws IOException {
        return all.decide(LAST);
    }

    /** Looked at by all rules, sent on under another URL, and looked at again. */
    @Benchmark
    public @Nullable RouteDecision rewritten() throws IOException {
        return all.decide(REWRITTEN);
    }
}
