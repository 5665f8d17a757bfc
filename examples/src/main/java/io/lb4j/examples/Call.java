package io.lb4j.examples;

import io.lb4j.ServiceDiscovery;
import io.lb4j.discovery.FileDiscovery;
import io.lb4j.discovery.RegistryDiscovery;
import io.lb4j.okhttp.LoadBalancedClient;
import io.lb4j.okhttp.ServiceSettings;
import io.lb4j.okhttp.rules.RouteReport;
import io.lb4j.okhttp.rules.TrafficRulesFile;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;

/**
 * Curl through the balancer: makes calls to a service and says where they went, how they ended, how long they took and
 * which instances are out of rotation. {@code Call --help} lists the options.
 */
public final class Call {
    private static final Set<String> WITH_BODY = Set.of("POST", "PUT", "PATCH");

    private final CallOptions options;
    private final Meter meter;
    private final CallReport report;
    private final Request request;

    private Call(CallOptions options) {
        this.options = options;
        this.meter = new Meter(options.strategy);
        this.report = new CallReport(meter);
        this.request = request(options);
    }

    /** Exits with 0 if every call was answered and none with a 5xx status, 1 if not, 2 if the command is wrong. */
    public static void main(String... arguments) throws Exception {
        System.exit(run(System.out, System.err, arguments));
    }

    /** What {@link #main} does, as a function: returns the exit code. */
    static int run(PrintStream out, PrintStream err, String... arguments) throws InterruptedException {
        if (arguments.length == 1 && arguments[0].equals("--help")) {
            out.print(CallOptions.usage());
            return 0;
        }
        Call call;
        try {
            call = new Call(CallOptions.parse(arguments));
        } catch (IllegalArgumentException e) {
            err.println("Call: " + e.getMessage());
            err.println("Call --help lists the options");
            return 2;
        }
        return call.run(out, err);
    }

    private static Request request(CallOptions options) {
        String text = options.body == null && WITH_BODY.contains(options.method()) ? "" : options.body;
        RequestBody body = text == null ? null : RequestBody.create(text, null);
        return new Request.Builder()
                .url(options.url())
                .headers(options.headers())
                .method(options.method(), body)
                .build();
    }

    private int run(PrintStream out, PrintStream err) throws InterruptedException {
        OkHttpClient base =
                new OkHttpClient.Builder().callTimeout(options.timeout).build();
        try (ServiceDiscovery discovery = discovery();
                TrafficRulesFile rules = rules();
                LoadBalancedClient client = client(base, discovery, rules)) {
            callAll(client);
            report.finish(options.service(), client.balancer(options.service()).instances());
            for (RouteReport each : client.routes()) {
                err.println(each);
            }
        } catch (IOException e) {
            err.println("Call: " + e.getMessage());
            return 2;
        }
        if (options.calls == 1 && !options.json) {
            out.print(report.lastBody());
            out.print(report.lastBody().endsWith("\n") ? "" : "\n");
            err.println(report.oneLine());
        } else {
            out.print(options.json ? report.json() : report.text());
        }
        return report.failedCalls() == 0 ? 0 : 1;
    }

    private @Nullable TrafficRulesFile rules() throws IOException {
        return options.rules == null ? null : TrafficRulesFile.open(Path.of(options.rules));
    }

    private LoadBalancedClient client(OkHttpClient base, ServiceDiscovery discovery, @Nullable TrafficRulesFile rules) {
        LoadBalancedClient.Builder builder =
                LoadBalancedClient.builder(base).discovery(discovery).service(options.service(), this::configure);
        return (rules == null ? builder : builder.rules(rules)).build();
    }

    private ServiceDiscovery discovery() {
        if (options.file != null) {
            return FileDiscovery.of(Path.of(options.file));
        }
        RegistryDiscovery.Builder registry = RegistryDiscovery.builder(String.valueOf(options.registry));
        return (options.token == null ? registry : registry.token(options.token)).build();
    }

    private void configure(ServiceSettings.Builder settings) {
        settings.strategy(meter);
        if (options.key != null) {
            settings.affinity(options.key);
        }
    }

    private void callAll(LoadBalancedClient client) throws InterruptedException {
        ExecutorService threads = Executors.newFixedThreadPool(options.concurrency);
        AtomicInteger next = new AtomicInteger();
        report.start();
        for (int i = 0; i < options.concurrency; i++) {
            threads.execute(() -> {
                for (int index = next.getAndIncrement(); index < options.calls; index = next.getAndIncrement()) {
                    report.awaitNanos((long) (index * 1e9 / options.rate));
                    callOnce(client);
                }
            });
        }
        threads.shutdown();
        while (!threads.awaitTermination(1, TimeUnit.HOURS)) {
            // as long as it takes: each call is bounded by --timeout
        }
    }

    private void callOnce(LoadBalancedClient client) {
        long start = System.nanoTime();
        try (Response response = client.newCall(request).execute()) {
            String body = response.body().string();
            report.answered(response.code(), body, System.nanoTime() - start);
        } catch (IOException e) {
            report.failed(e, System.nanoTime() - start);
        }
    }
}
