package io.lb4j.jmh;

import com.sun.management.OperatingSystemMXBean;
import io.lb4j.discovery.StaticDiscovery;
import io.lb4j.okhttp.LoadBalancedClient;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import okhttp3.Call;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * A balanced OkHttp call beside a plain one, to the same server on loopback.
 *
 * <p>Wall-clock time on loopback depends on which core the kernel wakes whom on, and differs by half between two runs of
 * the same code. So what counts is processor time, of the whole process, lest work handed to other threads be lost; and
 * {@link #alternate} takes it of both clients in one process, in turns.
 */
@Fork(
        value = 2,
        jvmArgs = {"-Xms512m", "-Xmx512m"})
@State(Scope.Benchmark)
public class CallBenchmark {
    /** The clock of a process ticks every 10 ms or so: a turn takes many times that. */
    private static final int CALLS_IN_A_TURN = 4000;

    /** How many ports of the server are called. */
    @Param({"1", "4"})
    public int instances;

    private CallServer.Remote server;
    private OkHttpClient plain;
    private LoadBalancedClient balanced;
    private StaticDiscovery discovery;
    private Request[] toAddresses;
    private Request toService;
    private int turn;

    /** JMH makes it and sets the parameters. */
    @SuppressWarnings("NullAway.Init")
    public CallBenchmark() {}

    /** Starts the server and both clients. */
    @Setup
    public void open() throws IOException {
        server = new CallServer.Remote(instances);
        String[] addresses = Arrays.stream(server.ports())
                .mapToObj(port -> "127.0.0.1:" + port)
                .toArray(String[]::new);
        plain = new OkHttpClient();
        discovery = StaticDiscovery.of("orders", addresses);
        balanced = LoadBalancedClient.builder().discovery(discovery).build();
        toAddresses = Arrays.stream(addresses)
                .map(address -> new Request.Builder()
                        .url("http://" + address + "/order/1")
                        .build())
                .toArray(Request[]::new);
        toService = new Request.Builder().url("http://orders/order/1").build();
    }

    /** A plain call, to one port after the other. */
    @Benchmark
    @BenchmarkMode(Mode.AverageTime)
    @OutputTimeUnit(TimeUnit.MICROSECONDS)
    @Warmup(iterations = 5, time = 1)
    @Measurement(iterations = 5, time = 1)
    public long plain() throws IOException {
        turn = turn + 1 == toAddresses.length ? 0 : turn + 1;
        return answer(plain.newCall(toAddresses[turn]));
    }

    /** A balanced call. */
    @Benchmark
    @BenchmarkMode(Mode.AverageTime)
    @OutputTimeUnit(TimeUnit.MICROSECONDS)
    @Warmup(iterations = 5, time = 1)
    @Measurement(iterations = 5, time = 1)
    public long balanced() throws IOException {
        return answer(balanced.newCall(toService));
    }

    /** Many plain calls, then as many balanced ones. */
    @Benchmark
    @BenchmarkMode(Mode.SingleShotTime)
    @OutputTimeUnit(TimeUnit.MILLISECONDS)
    @Warmup(iterations = 20)
    @Measurement(iterations = 20)
    public void alternate(ProcessorTime time) throws IOException {
        OperatingSystemMXBean process = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
        long start = process.getProcessCpuTime();
        for (int i = 0; i < CALLS_IN_A_TURN; i++) {
            plain();
        }
        long half = process.getProcessCpuTime();
        for (int i = 0; i < CALLS_IN_A_TURN; i++) {
            balanced();
        }
        time.plainNanos += half - start;
        time.balancedNanos += process.getProcessCpuTime() - half;
        time.calls += CALLS_IN_A_TURN;
    }

    private static long answer(Call call) throws IOException {
        try (Response response = call.execute()) {
            return response.body().bytes().length;
        }
    }

    /** Ends both clients and the server. */
    @TearDown
    public void close() throws IOException {
        balanced.close();
        discovery.close();
        plain.connectionPool().evictAll();
        server.close();
    }

    /** Sums of what was measured. */
    @AuxCounters(AuxCounters.Type.EVENTS)
    @State(Scope.Thread)
    public static class ProcessorTime {
        /** Nanoseconds of processor time in plain calls. */
        public long plainNanos;

        /** Nanoseconds of processor time in balanced calls. */
        public long balancedNanos;

        /** Calls of each kind. */
        public long calls;

        /** Begins again at nothing. */
        @Setup(Level.Iteration)
        public void reset() {
            plainNanos = 0;
            balancedNanos = 0;
            calls = 0;
        }
    }
}
