package io.lb4j.examples;

import com.sun.net.httpserver.HttpContext;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import io.lb4j.ServiceInstance;
import io.lb4j.server.LoadReporter;
import io.lb4j.server.LoadReportingFilter;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import javax.net.ssl.SSLContext;

/**
 * Stands in for your server in the examples: the JDK's own HTTP server on a free loopback port, answering every request
 * by one function. It counts its calls, and lets those in progress finish before it stops. Thread-safe.
 */
final class AppServer implements AutoCloseable {
    static {
        // Else the kernel holds the body back until the client has acknowledged the head: 40 ms a call.
        System.setProperty("sun.net.httpserver.nodelay", "true");
    }

    /** What a server does. */
    @FunctionalInterface
    interface Handler {
        /** Returns the text to answer with, status 200; the exchange tells of the request and takes headers. */
        String answer(HttpExchange exchange) throws IOException, InterruptedException;
    }

    private final String name;
    private final HttpServer server;
    private final boolean secure;
    private final Handler handler;
    private final HttpContext context;
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final AtomicLong calls = new AtomicLong();
    private final AtomicInteger inFlight = new AtomicInteger();

    private AppServer(String name, HttpServer server, boolean secure, Handler handler) {
        this.name = name;
        this.server = server;
        this.secure = secure;
        this.handler = handler;
        context = server.createContext("/", this::serve);
        server.setExecutor(threads);
        server.start();
    }

    /** Starts a server that answers with its name. */
    static AppServer start(String name) throws IOException {
        return start(name, exchange -> name);
    }

    /** Starts a server that takes so long to answer with its name. */
    static AppServer start(String name, Duration delay) throws IOException {
        return start(name, exchange -> {
            Thread.sleep(delay.toMillis());
            return name;
        });
    }

    /** Starts a server that answers with what the handler returns. */
    static AppServer start(String name, Handler handler) throws IOException {
        return new AppServer(name, HttpServer.create(anyPort(), 0), false, handler);
    }

    /** Starts a server that speaks TLS. */
    static AppServer startSecure(String name, SSLContext tls, Handler handler) throws IOException {
        HttpsServer server = HttpsServer.create(anyPort(), 0);
        server.setHttpsConfigurator(new HttpsConfigurator(tls));
        return new AppServer(name, server, true, handler);
    }

    /** Says with every answer, from now on, how busy this reporter finds it. */
    AppServer reporting(LoadReporter reporter) {
        context.getFilters().add(new LoadReportingFilter(reporter));
        return this;
    }

    private static InetSocketAddress anyPort() {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    }

    /** Where it listens, with its name as the id and as metadata {@code name}. */
    ServiceInstance instance() {
        return ServiceInstance.builder("127.0.0.1", server.getAddress().getPort())
                .id(name)
                .secure(secure)
                .metadata(Map.of("name", name))
                .build();
    }

    /** The same under an id that nothing else has in a registry which others use as well. */
    ServiceInstance listedAs(String prefix) {
        ServiceInstance instance = instance();
        return instance.toBuilder().id(prefix + "-" + instance.authority()).build();
    }

    /** Calls received so far. */
    long calls() {
        return calls.get();
    }

    private void serve(HttpExchange exchange) throws IOException {
        calls.incrementAndGet();
        inFlight.incrementAndGet();
        try (exchange) {
            byte[] body = handler.answer(exchange).getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(200, body.length == 0 ? -1 : body.length);
            exchange.getResponseBody().write(body);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            inFlight.decrementAndGet();
        }
    }

    /** The value of one of the request's cookies, empty if there is none of that name. */
    static String cookie(HttpExchange exchange, String name) {
        String header = String.valueOf(exchange.getRequestHeaders().getFirst("Cookie"));
        for (String each : header.split(";\\s*", -1)) {
            if (each.startsWith(name + "=")) {
                return each.substring(name.length() + 1);
            }
        }
        return "";
    }

    /** Lets calls in progress finish, for at most two seconds, then stops. Idempotent. */
    void stop() {
        long start = System.nanoTime();
        while (inFlight.get() > 0 && System.nanoTime() - start < TimeUnit.SECONDS.toNanos(2)) {
            LockSupport.parkNanos(1_000_000);
        }
        server.stop(0);
        threads.shutdown();
    }

    /** {@link #stop}. */
    @Override
    public void close() {
        stop();
    }
}
