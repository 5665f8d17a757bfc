package io.lb4j.faults;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import okhttp3.Call;
import okhttp3.Callback;
import okhttp3.MediaType;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;

/** Makes calls by one client and writes down how each ended. */
final class Caller {
    private static final RequestBody ORDER = RequestBody.create("order", MediaType.get("text/plain"));

    private final String prefix;
    private final String scheme;
    private final Call.Factory client;
    private final ConcurrentLinkedQueue<Sample> samples = new ConcurrentLinkedQueue<>();
    private final AtomicInteger open = new AtomicInteger();

    /** The prefix is that of the ids of this client's calls. */
    Caller(String prefix, String scheme, Call.Factory client) {
        this.prefix = prefix;
        this.scheme = scheme;
        this.client = client;
    }

    String prefix() {
        return prefix;
    }

    /** Every fourth call is a POST. */
    void call(int number, long origin, long due, boolean measured) {
        String id = prefix + (measured ? "" : "warm-") + number;
        boolean idempotent = number % 4 != 0;
        Request.Builder request =
                new Request.Builder().url(scheme + "://orders/" + number).header("X-Call-Id", id);
        if (!idempotent) {
            request.post(ORDER);
        }
        open.incrementAndGet();
        client.newCall(request.build()).enqueue(new Callback() {
            @Override
            public void onFailure(Call call, IOException e) {
                ended(e.getClass().getSimpleName() + ": " + e.getMessage());
            }

            @Override
            public void onResponse(Call call, Response response) {
                try (response) {
                    response.body().bytes();
                    ended(response.code() == 200 ? "" : "status " + response.code());
                } catch (IOException e) {
                    ended("body: " + e.getClass().getSimpleName() + ": " + e.getMessage());
                }
            }

            private void ended(String problem) {
                open.decrementAndGet();
                if (measured) {
                    long atMillis = TimeUnit.NANOSECONDS.toMillis(due - origin);
                    samples.add(new Sample(id, idempotent, atMillis, System.nanoTime() - due, problem));
                }
            }
        });
    }

    int open() {
        return open.get();
    }

    List<Sample> samples() {
        return List.copyOf(samples);
    }
}
