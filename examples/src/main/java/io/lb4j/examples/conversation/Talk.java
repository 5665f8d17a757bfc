package io.lb4j.examples.conversation;

import io.lb4j.okhttp.LoadBalancedClient;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicIntegerArray;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;

/** Conversations that go on for a while, turn by turn, and what their users see of it. */
final class Talk {
    private static final int CONVERSATIONS = 120;
    private static final int THREADS = 6;
    private static final long PAUSE_NANOS = 10_000_000;
    private static final String MESSAGE = "x".repeat(500);

    private final LoadBalancedClient client;
    private final String name;
    private final List<Turn> turns = Collections.synchronizedList(new ArrayList<>());
    private final Set<Integer> lost = Collections.synchronizedSet(new HashSet<>());
    private volatile boolean over;

    /** A turn: when it ended, how long it took, and whether all was well. */
    record Turn(long endNanos, long tookNanos, boolean answered, boolean remembered) {}

    Talk(LoadBalancedClient client, String name) {
        this.client = client;
        this.name = name;
    }

    /** Talks until {@link #end}, some conversations on each thread, each of which takes turns with them. */
    List<Thread> start() {
        AtomicIntegerArray said = new AtomicIntegerArray(CONVERSATIONS);
        AtomicIntegerArray begun = new AtomicIntegerArray(CONVERSATIONS);
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < THREADS; i++) {
            int first = i;
            Thread thread = new Thread(() -> {
                for (int each = first; !over; each = (each + THREADS) % CONVERSATIONS) {
                    take(each, said, begun);
                }
            });
            thread.start();
            threads.add(thread);
        }
        return threads;
    }

    void end() {
        over = true;
    }

    private void take(int conversation, AtomicIntegerArray said, AtomicIntegerArray begun) {
        int turn = said.get(conversation);
        String id = name + "-" + conversation + "-" + begun.get(conversation);
        long start = System.nanoTime();
        boolean answered = false;
        boolean remembered = true;
        try (Response response = client.newCall(new Request.Builder()
                        .url("http://conversation/" + id + "/" + turn)
                        .put(RequestBody.create(MESSAGE.getBytes(java.nio.charset.StandardCharsets.UTF_8)))
                        .build())
                .execute()) {
            answered = response.isSuccessful();
            remembered = !answered || Integer.parseInt(response.body().string()) == turn + 1;
        } catch (IOException e) {
            // Counted.
        }
        long end = System.nanoTime();
        turns.add(new Turn(end, end - start, answered, remembered));
        if (!remembered) {
            lost.add(conversation * 1_000 + begun.get(conversation));
        }
        // Who was forgotten, or has said enough, begins anew.
        if (!remembered || turn == 19) {
            begun.incrementAndGet(conversation);
            said.set(conversation, 0);
        } else if (answered) {
            said.set(conversation, turn + 1);
        }
        long left = PAUSE_NANOS - (end - start);
        if (left > 0) {
            java.util.concurrent.locks.LockSupport.parkNanos(left);
        }
    }

    List<Turn> turns() {
        return List.copyOf(turns);
    }

    int lost() {
        return lost.size();
    }
}
