package io.lb4j.examples;

import io.lb4j.okhttp.LoadBalancedClient;
import java.io.IOException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import okhttp3.Request;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;

/**
 * Steady traffic: so many calls a second whether or not the earlier ones have ended, as callers who don't know of each
 * other make them. A slow server thus gets no relief by slowing its callers down. Thread-safe.
 */
final class Traffic implements AutoCloseable {
    private final LoadBalancedClient client;
    private final Request request;
    private final ExecutorService callers = Executors.newCachedThreadPool();
    private final LongAdder calls = new LongAdder();
    private final LongAdder failed = new LongAdder();
    private final Latencies latencies = new Latencies();
    private final Thread pacer = new Thread(this::pace, "pacer");
    private volatile @Nullable String lastFailure;
    private volatile int perSecond;
    private volatile boolean stopped;

    private Traffic(LoadBalancedClient client, String url, int perSecond) {
        this.client = client;
        this.request = new Request.Builder().url(url).build();
        this.perSecond = perSecond;
        pacer.start();
    }

    /** Starts this many calls a second to the URL, until it is stopped. */
    static Traffic start(LoadBalancedClient client, String url, int perSecond) {
        return new Traffic(client, url, perSecond);
    }

    /** From now on, so many calls a second. */
    void perSecond(int calls) {
        perSecond = calls;
    }

    private void pace() {
        long next = System.nanoTime();
        while (!stopped) {
            try {
                callers.execute(this::call);
            } catch (RejectedExecutionException e) {
                return; // closed meanwhile
            }
            next += TimeUnit.SECONDS.toNanos(1) / perSecond;
            long left = next - System.nanoTime();
            if (left > 0) {
                LockSupport.parkNanos(left);
            }
        }
    }

    private void call() {
        long start = System.nanoTime();
        try (Response response = client.newCall(request).execute()) {
            response.body().string();
            if (!response.isSuccessful()) {
                fail("status " + response.code());
            }
        } catch (IOException e) {
            fail(e.toString());
        } catch (IllegalStateException e) {
            if (!stopped) {
                throw e; // else the client may be closed already
            }
        } finally {
            calls.increment();
            latencies.record(System.nanoTime() - start);
        }
    }

    private void fail(String what) {
        failed.increment();
        lastFailure = what;
    }

    /** Calls that ended so far, well or badly. */
    long calls() {
        return calls.sum();
    }

    /** Calls that failed so far. */
    long failed() {
        return failed.sum();
    }

    /** How the last failed call failed; null if none has. */
    @Nullable
    String lastFailure() {
        return lastFailure;
    }

    /** How long the calls took that ended so far, retries included. */
    Latencies.Snapshot latencies() {
        return latencies.snapshot();
    }

    /** Starts no more calls and waits for those in progress. */
    void stop() throws InterruptedException {
        stopped = true;
        pacer.join();
        callers.shutdown();
        if (!callers.awaitTermination(10, TimeUnit.SECONDS)) {
            throw new IllegalStateException("calls are still in progress 10 s after the last one began");
        }
    }

    /** Starts no more calls. */
    @Override
    public void close() {
        stopped = true;
        callers.shutdown();
    }
}
