package io.lb4j.examples;

import io.lb4j.okhttp.LoadBalancedClient;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import okhttp3.Request;
import okhttp3.Response;

/** So many callers, each making its next call when its last has ended: as much as the servers can answer. */
final class Callers {
    private Callers() {}

    /** What came of it. */
    record Result(double perSecond, long failed) {}

    static Result run(LoadBalancedClient client, int callers, int millis) throws InterruptedException {
        Request request = new Request.Builder().url("http://orders/").build();
        LongAdder answered = new LongAdder();
        LongAdder failed = new LongAdder();
        long start = System.nanoTime();
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < callers; i++) {
            Thread thread = new Thread(() -> {
                while (System.nanoTime() - start < TimeUnit.MILLISECONDS.toNanos(millis)) {
                    try (Response response = client.newCall(request).execute()) {
                        response.body().string();
                        (response.isSuccessful() ? answered : failed).increment();
                    } catch (IOException e) {
                        failed.increment();
                    }
                }
            });
            thread.start();
            threads.add(thread);
        }
        for (Thread each : threads) {
            each.join();
        }
        return new Result(answered.sum() / ((System.nanoTime() - start) / 1e9), failed.sum());
    }
}
