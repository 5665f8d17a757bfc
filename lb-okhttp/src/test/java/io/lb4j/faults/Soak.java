package io.lb4j.faults;

import io.lb4j.ServiceInstance;
import io.lb4j.balancer.LoadBalancerListener;
import io.lb4j.discovery.FileDiscovery;
import io.lb4j.health.CallQueue;
import io.lb4j.health.GradientLimit;
import io.lb4j.health.HealthCheck;
import io.lb4j.health.OutlierDetection;
import io.lb4j.okhttp.HttpProbe;
import io.lb4j.okhttp.LoadBalancedClient;
import io.lb4j.retry.HedgePolicy;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import okhttp3.Call;
import okhttp3.Callback;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;

/**
 * Calls for a long time through every change there is, and looks each minute at what a leak would add to. Servers are
 * killed and started under a new id, the file of instances is rewritten, answers turn into errors, resets and silence; each feature that keeps
 * something per instance or per call is on. Arguments: the minutes (default 30) and the seed (default 42).
 */
final class Soak implements AutoCloseable {
    private static final int RATE = 150;
    private static final Duration ATTEMPT_TIMEOUT = Duration.ofMillis(500);
    private static final Duration CALL_TIMEOUT = Duration.ofSeconds(2);
    private static final List<String> MOODS =
            List.of("error 100", "error 30", "rst", "half-close", "garbage", "delay 300");

    /** Instances that left are remembered for ten minutes, so that there is no plateau before. */
    private static final int PLATEAU_MINUTES = 11;

    private final Fleet fleet;
    private final Random random;
    private final Path file;
    private final int[] generation = new int[Fleet.SIZE];
    private final boolean[] up = new boolean[Fleet.SIZE];
    private final FileDiscovery discovery;
    private final OkHttpClient base;
    private final LoadBalancedClient client;
    private final AtomicLong ended = new AtomicLong();
    private final AtomicLong failed = new AtomicLong();
    private final AtomicLong ejections = new AtomicLong();
    private long calls;
    private long restarts;
    private long lists;

    private Soak(Fleet fleet, Path directory, long seed) throws IOException {
        this.fleet = fleet;
        this.random = new Random(seed);
        this.file = directory.resolve("instances.json");
        Arrays.fill(up, true);
        list();
        discovery = FileDiscovery.of(file);
        base = new OkHttpClient.Builder()
                .connectTimeout(Clients.CONNECT_TIMEOUT)
                .callTimeout(CALL_TIMEOUT)
                .build();
        client = LoadBalancedClient.builder(base)
                .discovery(discovery)
                .defaults(settings -> settings.attemptTimeout(ATTEMPT_TIMEOUT)
                        .outlierDetection(OutlierDetection.builder()
                                .baseEjectionTime(Duration.ofSeconds(5))
                                .build())
                        .healthCheck(HealthCheck.of(HttpProbe.get("/health")))
                        .hedge(HedgePolicy.defaults())
                        .concurrencyLimit(GradientLimit.DEFAULT)
                        .queue(CallQueue.DEFAULT))
                .listener(new LoadBalancerListener() {
                    @Override
                    public void onEjected(String service, ServiceInstance instance, String reason, Duration duration) {
                        ejections.incrementAndGet();
                    }
                })
                .build();
    }

    public static void main(String[] args) throws Exception {
        int minutes = args.length > 0 ? Integer.parseInt(args[0]) : 30;
        long seed = args.length > 1 ? Long.parseLong(args[1]) : 42;
        Path directory = Files.createTempDirectory("lb4j-soak");
        boolean flat;
        try (Fleet fleet = new Fleet(Fleet.Kind.FAULTY, directory, null);
                Soak soak = new Soak(fleet, directory, seed)) {
            flat = soak.run(minutes);
        }
        System.exit(flat ? 0 : 1);
    }

    private boolean run(int minutes) throws Exception {
        System.out.print(Vitals.HEADER);
        List<Vitals> samples = new ArrayList<>();
        long origin = System.nanoTime();
        for (int second = 0; second < minutes * 60; second++) {
            disturb(second);
            load(origin, second);
            if (second % 60 == 59) {
                Vitals sample = Vitals.now(second / 60 + 1);
                samples.add(sample);
                System.out.println(sample.markdown());
            }
        }
        long cpuMillis = ProcessHandle.current()
                .info()
                .totalCpuDuration()
                .orElse(Duration.ZERO)
                .toMillis();
        System.out.printf(
                Locale.ROOT,
                "%n%d calls, %d failed; %d ejections, %d restarts, %d lists; %.1f %% of one core%n%n",
                ended.get(),
                failed.get(),
                ejections.get(),
                restarts,
                lists,
                100.0 * cpuMillis / ManagementFactory.getRuntimeMXBean().getUptime());
        return verdict(samples);
    }

    private static boolean verdict(List<Vitals> samples) {
        List<Vitals> settled = samples.subList(Math.min(PLATEAU_MINUTES, samples.size() / 2), samples.size());
        List<Trend> trends = List.of(
                Trend.of("threads", settled, Vitals::threads, 32),
                Trend.of("heap after GC, kB", settled, Vitals::heapKilobytes, 512),
                Trend.of("sockets", settled, Vitals::sockets, 16),
                Trend.of("descriptors", settled, Vitals::descriptors, 16),
                Trend.of("instance states", settled, Vitals::states, 8));
        System.out.printf(Locale.ROOT, "From minute %d on:%n%n", settled.get(0).minute());
        System.out.println("| | first third | last third | climb of the line | bound | flat |");
        System.out.println("|---|---|---|---|---|---|");
        trends.forEach(each -> System.out.println(each.markdown()));
        return trends.stream().allMatch(Trend::flat);
    }

    /** What happens at a second: always the same with the same seed. */
    private void disturb(int second) throws IOException, InterruptedException {
        if (second % 20 == 5) {
            int victim = random.nextInt(Fleet.SIZE);
            if (up[victim]) {
                fleet.kill(victim);
                up[victim] = false;
            }
        }
        if (second % 20 == 10) {
            for (int i = 0; i < Fleet.SIZE; i++) {
                if (!up[i]) {
                    fleet.start(i);
                    up[i] = true;
                    generation[i]++;
                    restarts++;
                }
            }
            list();
        }
        if (second % 10 == 3) {
            int moody = random.nextInt(Fleet.SIZE);
            if (up[moody]) {
                fleet.command(moody, MOODS.get(random.nextInt(MOODS.size())));
            }
        }
        if (second % 10 == 8) {
            for (int i = 0; i < Fleet.SIZE; i++) {
                if (up[i]) {
                    fleet.command(i, "ok");
                }
            }
        }
        if (second % 4 == 2) {
            list();
        }
    }

    /** Rewrites the file: two of the servers are left out, some have other weights. Every fifth file is half a file. */
    private void list() throws IOException {
        int absent = random.nextInt(Fleet.SIZE);
        int other = random.nextInt(Fleet.SIZE);
        StringBuilder text = new StringBuilder("{\"services\": {\"orders\": [");
        String comma = "";
        for (int i = 0; i < Fleet.SIZE; i++) {
            if (i != absent && i != other) {
                text.append(String.format(
                        Locale.ROOT,
                        "%s{\"id\": \"%s-%d\", \"host\": \"%s\", \"port\": %d, \"weight\": %d}",
                        comma,
                        Fleet.name(i),
                        generation[i],
                        Fleet.address(i),
                        Fleet.PORT,
                        1 + random.nextInt(3)));
                comma = ", ";
            }
        }
        text.append("]}}");
        lists++;
        Files.writeString(file, lists % 5 == 0 ? text.substring(0, text.length() / 2) : text);
    }

    private void load(long origin, int second) {
        for (int i = 0; i < RATE; i++) {
            long due = origin + TimeUnit.SECONDS.toNanos(second) + TimeUnit.SECONDS.toNanos(1) * i / RATE;
            for (long left = due - System.nanoTime(); left > 0; left = due - System.nanoTime()) {
                LockSupport.parkNanos(left);
            }
            calls++;
            Request request = new Request.Builder()
                    .url("http://orders/" + calls % 7)
                    .header("X-Call-Id", "soak-" + calls)
                    .build();
            Call call = client.newCall(request);
            call.enqueue(new End());
            if (calls % 50 == 0) {
                call.cancel();
            }
        }
    }

    private final class End implements Callback {
        @Override
        public void onFailure(Call call, IOException e) {
            ended.incrementAndGet();
            if (!call.isCanceled()) {
                failed.incrementAndGet();
            }
        }

        @Override
        public void onResponse(Call call, Response response) {
            ended.incrementAndGet();
            try (response) {
                response.body().bytes();
                if (response.code() != 200) {
                    failed.incrementAndGet();
                }
            } catch (IOException e) {
                failed.incrementAndGet();
            }
        }
    }

    @Override
    public void close() {
        client.close();
        discovery.close();
        base.dispatcher().executorService().shutdownNow();
        base.connectionPool().evictAll();
    }
}
