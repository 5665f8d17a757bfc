package io.lb4j.server;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.Arrays;
import java.util.Locale;
import java.util.concurrent.Executors;
import java.util.function.IntFunction;

/**
 * What counting and reporting costs a server: nanoseconds per call and per report, and how long the handler of probes
 * takes on a real server. Not a benchmark of record, but of the right order of magnitude: the medians of seven rounds.
 */
public final class LoadReporterCost {
    private static final int ROUNDS = 7;
    private static final int TIMES = 300_000;
    private static final int PROBES = 5_000;

    private LoadReporterCost() {}

    /** Takes no arguments. */
    public static void main(String[] args) throws IOException {
        LoadReporter text = LoadReporter.create();
        LoadReporter json =
                LoadReporter.builder().format(LoadReporter.Format.JSON).build();
        LoadReporter measuring = LoadReporter.builder()
                .cpuUtilization(() -> 0.3)
                .utilization("threads", () -> 0.5)
                .build();
        for (LoadReporter each : new LoadReporter[] {text, json, measuring}) {
            for (int i = 0; i < 2_000; i++) {
                each.start().end(true);
            }
        }
        print("start and end of a call", i -> text.start().end(true));
        print("report", i -> text.report());
        print("header, text", i -> text.header());
        print("header, JSON", i -> json.header());
        print("header, text, two measures", i -> measuring.header());
        System.out.println(text.header());
        probes(text);
    }

    private static void print(String what, IntFunction<Object> body) {
        double[] nanos = new double[ROUNDS];
        int kept = 0;
        for (int round = 0; round < ROUNDS; round++) {
            long start = System.nanoTime();
            for (int i = 0; i < TIMES; i++) {
                kept += body.apply(i).hashCode() & 1;
            }
            nanos[round] = (System.nanoTime() - start) / (double) TIMES;
        }
        Arrays.sort(nanos);
        System.out.printf(Locale.ROOT, "%-28s %8.0f ns%s%n", what, nanos[ROUNDS / 2], kept < 0 ? " " : "");
    }

    private static void probes(LoadReporter reporter) throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        var threads = Executors.newFixedThreadPool(2);
        server.setExecutor(threads);
        LoadProbeHandler handler = new LoadProbeHandler(reporter);
        double[] answered = new double[PROBES];
        int[] count = new int[1];
        server.createContext("/load", exchange -> {
            long start = System.nanoTime();
            handler.handle(exchange);
            answered[count[0]++] = System.nanoTime() - start;
        });
        server.start();
        try {
            double[] asked = new double[PROBES];
            for (int i = 0; i < PROBES; i++) {
                long start = System.nanoTime();
                HttpURLConnection connection = (HttpURLConnection)
                        URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/load")
                                .toURL()
                                .openConnection();
                connection.getResponseCode();
                asked[i] = System.nanoTime() - start;
            }
            print("probe, in its handler", answered);
            print("probe, there and back", asked);
        } finally {
            server.stop(0);
            threads.shutdown();
        }
    }

    private static void print(String what, double[] nanos) {
        double[] warm = Arrays.copyOfRange(nanos, nanos.length / 2, nanos.length);
        Arrays.sort(warm);
        System.out.printf(
                Locale.ROOT,
                "%-28s %8.1f us median, %.1f us p99%n",
                what,
                warm[warm.length / 2] / 1e3,
                warm[warm.length * 99 / 100] / 1e3);
    }
}
