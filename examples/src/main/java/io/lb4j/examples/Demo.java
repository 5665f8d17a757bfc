package io.lb4j.examples;

import io.lb4j.PickRequest;
import io.lb4j.ServiceDiscovery;
import io.lb4j.ServiceInstance;
import io.lb4j.balancer.LoadBalancer;
import io.lb4j.balancer.LoadBalancerListener;
import io.lb4j.discovery.Discoveries;
import io.lb4j.discovery.DiscoveryUri;
import io.lb4j.discovery.RegistryServer;
import io.lb4j.okhttp.LoadBalancedClient;
import io.lb4j.strategy.Strategies;
import java.io.IOException;
import java.io.PrintStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;

/**
 * Half a minute of what servers do to their callers, and what the callers notice of it: four app servers, each a process
 * that registers itself, under steady traffic. One is killed, one turns ten times slower, a new one registers. Exits
 * with 0 only if no call failed and the balancer reacted as it claims to.
 */
public final class Demo {
    private static final int CALLS_PER_SECOND = 300;
    private static final int SLOWER = 10;
    private static final Duration FRAME = Duration.ofMillis(250);
    private static final int FRAMES_PER_LINE = 16;
    private static final int MAX_EVENTS = 10;

    private static final Duration LISTED = Duration.ofSeconds(90);
    private static final int MAX_FRAMES = 500;

    private final DemoOptions options;

    /** What tells the servers of this run from any others in the registry. */
    private final String show = UUID.randomUUID().toString();

    private final long startNanos = System.nanoTime();
    private final Screen screen = new Screen();
    private final Meter meter = new Meter(Strategies.defaultStrategy());
    private final Map<String, DemoProcess> servers = new ConcurrentHashMap<>();
    private final Map<String, Long> ejectedNanos = new ConcurrentHashMap<>();
    private final List<String> events = new ArrayList<>();
    private final List<String> broken = new ArrayList<>();
    private int frames;

    private Demo(DemoOptions options) {
        this.options = options;
    }

    /** Exits with 0 if every claim held, 1 if one did not, which it says, and 2 if the command is wrong. */
    public static void main(String... arguments) throws Exception {
        System.exit(run(System.out, System.err, arguments));
    }

    /** What {@link #main} does, as a function: returns the exit code. */
    static int run(PrintStream out, PrintStream err, String... arguments) throws Exception {
        DemoOptions options;
        try {
            options = DemoOptions.parse(arguments);
        } catch (IllegalArgumentException e) {
            err.println("Demo: " + e.getMessage());
            err.println(DemoOptions.USAGE);
            return 2;
        }
        if (options.help()) {
            out.println(DemoOptions.USAGE);
            return 0;
        }
        Demo demo = new Demo(options);
        Thread ending = new Thread(demo::endServers, "end the servers");
        Runtime.getRuntime().addShutdownHook(ending);
        try {
            demo.open();
        } catch (IOException e) {
            demo.screen.close();
            err.println("Demo: " + e.getMessage());
            return 1;
        } finally {
            demo.endServers();
            Runtime.getRuntime().removeShutdownHook(ending);
        }
        return demo.broken.isEmpty() ? 0 : 1;
    }

    private void open() throws IOException, InterruptedException {
        if (options.discovery() != null) {
            run(options.discovery(), DiscoveryUri.parse(options.discovery()).toString());
            return;
        }
        try (RegistryServer registry = RegistryServer.builder().start()) {
            run(DemoProcess.uri(registry), "a registry");
        }
    }

    private void run(String uri, String registry) throws IOException, InterruptedException {
        screen.print(
                "lb4j demo: " + registry + ", four app servers, " + CALLS_PER_SECOND + " calls a second for 30 s", "");
        try (screen;
                ServiceDiscovery discovery = DemoServer.ofShow(Discoveries.open(uri), show);
                LoadBalancedClient client = LoadBalancedClient.builder()
                        .discovery(discovery)
                        .strategy(meter)
                        .listener(new Narrator())
                        .build()) {
            for (String name : List.of("alpha", "bravo", "charlie", "delta")) {
                start(name, uri);
            }
            for (DemoProcess each : servers.values()) {
                each.awaitRegistered();
            }
            LoadBalancer balancer = client.balancer(DemoServer.SERVICE);
            awaitListed(balancer);
            try (Traffic traffic = Traffic.start(client, "http://" + DemoServer.SERVICE + "/", CALLS_PER_SECOND)) {
                play(uri, balancer, new DemoView(balancer, meter), traffic);
            }
        }
    }

    /** Waits until all servers are known; some registries take their time. */
    private void awaitListed(LoadBalancer balancer) throws IOException {
        long start = System.nanoTime();
        while (balancer.instances().size() < servers.size()) {
            if (System.nanoTime() - start > LISTED.toNanos()) {
                throw new IOException(
                        balancer.instances().size() + " of " + servers.size() + " servers are listed after "
                                + LISTED.toSeconds() + " s: " + balancer.explain(PickRequest.plain()));
            }
            LockSupport.parkNanos(FRAME.toNanos());
        }
    }

    private DemoProcess start(String name, String uri) throws IOException {
        DemoProcess server = DemoProcess.start(name, uri, show);
        servers.put(name, server);
        return server;
    }

    private void endServers() {
        servers.values().forEach(DemoProcess::close);
    }

    /** The three acts, then what came of them. */
    private void play(String uri, LoadBalancer balancer, DemoView view, Traffic traffic)
            throws IOException, InterruptedException {
        show(view, traffic, 3);
        Latencies.Snapshot cold = traffic.latencies();
        show(view, traffic, 4);

        awaitCallAt(balancer, "bravo");
        long killedNanos = System.nanoTime();
        server("bravo").kill();
        event("bravo is killed (kill -9) while it serves a call");
        show(view, traffic, 7);

        double shareBefore = view.share("charlie");
        server("charlie").slow(SLOWER);
        event("charlie turns " + SLOWER + " times slower");
        show(view, traffic, 7);
        double shareAfter = view.share("charlie");

        DemoProcess echo = start("echo", uri);
        event("echo starts up");
        show(view, traffic, 8);
        while (!options.pushed() && Double.isNaN(echo.firstCallMillis()) && frames < MAX_FRAMES) {
            show(view, traffic, 1);
        }
        traffic.stop();
        screen.close();
        screen.print("");

        Long ejected = ejectedNanos.get("bravo");
        double ejectedMillis = ejected == null ? Double.NaN : (ejected - killedNanos) / 1e6;
        claim(
                ejectedMillis < 2000,
                "bravo was killed and out of rotation %.0f ms later. The %d calls it broke or refused, then and when it"
                        + " was given another try, were answered by others.",
                ejectedMillis,
                meter.gauge("bravo").failures());
        claim(
                shareAfter < shareBefore / 2,
                "charlie turned %d times slower. Its share of the calls went from %.0f%% to %.0f%%.",
                SLOWER,
                100 * shareBefore,
                100 * shareAfter);
        double firstCallMillis = echo.firstCallMillis();
        claim(
                firstCallMillis < (options.pushed() ? 1000 : LISTED.toMillis()),
                "echo registered itself and had its first call within %.0f ms. It has %.0f%% of the calls by now, and is still"
                        + " warming up.",
                Math.max(1, Math.ceil(firstCallMillis)),
                100 * view.share("echo"));
        Latencies.Snapshot times = traffic.latencies().since(cold);
        say(
                "Half of the calls took less than %.0f ms, 99%% less than %.0f ms.",
                times.percentileMillis(50), times.percentileMillis(99));
        claim(traffic.failed() == 0, "%d failed calls of %d", traffic.failed(), traffic.calls());
        if (traffic.lastFailure() != null) {
            say("The last one failed with %s.", traffic.lastFailure());
        }
    }

    /** Waits for a call to be broken off, for a second at most. */
    private static void awaitCallAt(LoadBalancer balancer, String name) {
        long start = System.nanoTime();
        while (System.nanoTime() - start < 1_000_000_000L
                && balancer.instances().stream()
                        .noneMatch(each -> each.instance().id().equals(name) && each.inFlight() > 0)) {
            Thread.onSpinWait();
        }
    }

    private DemoProcess server(String name) {
        DemoProcess server = servers.get(name);
        if (server == null) {
            throw new IllegalStateException("no server " + name + ", only " + servers.keySet());
        }
        return server;
    }

    /** Time passes, visibly. */
    private void show(DemoView view, Traffic traffic, int seconds) {
        long end = System.nanoTime() + Duration.ofSeconds(seconds).toNanos();
        while (System.nanoTime() < end) {
            LockSupport.parkNanos(FRAME.toNanos());
            view.sample();
            frames++;
            if (screen.isLive()) {
                screen.draw(picture(view, traffic));
            } else if (frames % FRAMES_PER_LINE == 0) {
                screen.print(clock() + "  " + view.oneLine() + "; " + traffic.failed() + " failed");
            }
        }
    }

    private List<String> picture(DemoView view, Traffic traffic) {
        List<String> lines = new ArrayList<>(view.table(screen.hasColours()));
        lines.add("");
        lines.add(DemoView.Style.BOLD.of(
                String.format(Locale.ROOT, "  %s  %d calls, %d failed", clock(), traffic.calls(), traffic.failed()),
                screen.hasColours()));
        lines.add("");
        synchronized (events) {
            lines.addAll(events.subList(Math.max(0, events.size() - MAX_EVENTS), events.size()));
        }
        return lines;
    }

    private String clock() {
        return String.format(Locale.ROOT, "%5.1f s", (System.nanoTime() - startNanos) / 1e9);
    }

    /** Something happened. */
    private void event(String what) {
        String line = clock() + "  " + what;
        if (!screen.isLive()) {
            screen.print(line);
            return;
        }
        synchronized (events) {
            events.add("  " + line);
        }
    }

    /** A sentence for the end, in lines of at most 79 characters. */
    private void say(String format, Object... values) {
        StringBuilder line = new StringBuilder();
        for (String word : String.format(Locale.ROOT, format, values).split(" ", -1)) {
            if (line.length() + word.length() > 78) {
                screen.print(line.toString());
                line.setLength(0);
            }
            line.append(line.isEmpty() ? "" : " ").append(word);
        }
        screen.print(line.toString());
    }

    private void claim(boolean held, String format, Object... values) {
        say((held ? "" : "DID NOT HOLD: ") + format, values);
        if (!held) {
            broken.add(format);
        }
    }

    /** Turns what the balancer tells into events. */
    private final class Narrator implements LoadBalancerListener {
        private List<ServiceInstance> known = List.of();

        @Override
        public void onInstances(String service, List<ServiceInstance> instances) {
            tell(missing(instances, known), "registered");
            tell(missing(known, instances), "no longer registered, as the lease ran out");
            known = instances;
        }

        /** Those of the first list whose ids the second lacks. */
        private List<String> missing(List<ServiceInstance> these, List<ServiceInstance> those) {
            return these.stream()
                    .map(ServiceInstance::id)
                    .filter(id -> those.stream().noneMatch(other -> other.id().equals(id)))
                    .toList();
        }

        private void tell(List<String> names, String what) {
            if (!names.isEmpty()) {
                event(String.join(", ", names) + (names.size() == 1 ? " is " : " are ") + what);
            }
        }

        @Override
        public void onEjected(String service, ServiceInstance instance, String reason, Duration duration) {
            ejectedNanos.putIfAbsent(instance.id(), System.nanoTime());
            event(instance.id() + " is ejected for " + duration.toSeconds() + " s: " + reason);
        }

        @Override
        public void onReturned(String service, ServiceInstance instance) {
            event(instance.id() + " is given another try");
        }
    }
}
