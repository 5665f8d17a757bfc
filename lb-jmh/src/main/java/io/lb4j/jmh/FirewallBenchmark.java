package io.lb4j.jmh;

import io.lb4j.discovery.StaticDiscovery;
import io.lb4j.okhttp.LoadBalancedClient;
import io.lb4j.okhttp.rules.Firewall;
import io.lb4j.okhttp.rules.FirewallRule;
import io.lb4j.okhttp.rules.RateLimit;
import io.lb4j.okhttp.rules.TrafficRules;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import okhttp3.Call;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** What a firewall with 20 rules of all kinds costs a call that passes all of them: the rules alone, and whole calls beside plain ones. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
@State(Scope.Benchmark)
public class FirewallBenchmark {
    private static final int RULES = 20;

    private final Firewall firewall = firewall();
    private final Request toService = request("http://orders/orders/7?a=1");
    private final Request escaped = request("http://orders/orders/caf%C3%A9%20au%20lait;v=1?a=1");
    private CallServer.Remote server;
    private StaticDiscovery discovery;
    private OkHttpClient plain;
    private LoadBalancedClient open;
    private LoadBalancedClient guarded;
    private Request toAddress;

    /** JMH makes it. */
    @SuppressWarnings("NullAway.Init")
    public FirewallBenchmark() {}

    private static Firewall firewall() {
        Firewall.Builder builder = Firewall.builder().hosts("orders", "billing");
        for (int i = 0; i < RULES; i++) {
            FirewallRule.Builder rule = FirewallRule.named("r" + i);
            switch (i % 5) {
                case 0 -> rule.denyPaths("/admin" + i, "/internal" + i);
                case 1 -> rule.allowMethods("GET", "POST");
                case 2 -> rule.maxHeaders(64).maxHeaderBytes(16_384).maxBodyBytes(1 << 20);
                case 3 -> rule.hosts("billing").allowPaths("/invoices" + i);
                default ->
                    rule.rateLimit(
                            RateLimit.of(1_000_000, Duration.ofSeconds(1)).byHeader("X-User"));
            }
            builder.rule(rule.build());
        }
        return builder.build();
    }

    private static Request request(String url) {
        return new Request.Builder()
                .url(url)
                .header("Accept", "application/json")
                .header("User-Agent", "benchmark")
                .header("X-User", "user-4711")
                .build();
    }

    /** Starts the server and the clients. */
    @Setup
    public void open() throws IOException {
        server = new CallServer.Remote(1);
        String address = "127.0.0.1:" + server.ports()[0];
        discovery = StaticDiscovery.of("orders", address);
        plain = new OkHttpClient();
        open = LoadBalancedClient.builder().discovery(discovery).build();
        guarded = LoadBalancedClient.builder()
                .discovery(discovery)
                .rules(TrafficRules.builder().firewall(firewall()).build())
                .build();
        toAddress = request("http://" + address + "/orders/7?a=1");
    }

    /** A path that is its only reading. */
    @Benchmark
    public Request rules() throws IOException {
        return firewall.checked(toService, denial -> {});
    }

    /** A path with several readings. */
    @Benchmark
    public Request rulesOfAnEscapedPath() throws IOException {
        return firewall.checked(escaped, denial -> {});
    }

    /** A call of OkHttp's. */
    @Benchmark
    public long callPlain() throws IOException {
        return answer(plain.newCall(toAddress));
    }

    /** A balanced call. */
    @Benchmark
    public long callBalanced() throws IOException {
        return answer(open.newCall(toService));
    }

    /** A balanced call behind the firewall. */
    @Benchmark
    public long callGuarded() throws IOException {
        return answer(guarded.newCall(toService));
    }

    private static long answer(Call call) throws IOException {
        try (Response response = call.execute()) {
            return response.body().bytes().length;
        }
    }

    /** Ends the clients and the server. */
    @TearDown
    public void close() throws IOException {
        guarded.close();
        open.close();
        discovery.close();
        plain.connectionPool().evictAll();
        server.close();
    }
}
