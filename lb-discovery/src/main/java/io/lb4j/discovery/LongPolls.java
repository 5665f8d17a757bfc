package io.lb4j.discovery;

import com.sun.net.httpserver.HttpExchange;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Requests that wait for a change, held without a thread. Whoever takes one out answers it, so each is answered once.
 * Thread-safe.
 */
final class LongPolls {
    private final int max;
    private final Set<Poll> held = new LinkedHashSet<>();
    private boolean closed;

    /** One waiting request; identity matters, not content. */
    static final class Poll {
        final HttpExchange exchange;
        final String service;
        final long deadline;

        Poll(HttpExchange exchange, String service, long deadline) {
            this.exchange = exchange;
            this.service = service;
            this.deadline = deadline;
        }
    }

    LongPolls(int max) {
        this.max = max;
    }

    /** Holds it, unless there are too many already. */
    synchronized boolean hold(Poll poll) {
        return !closed && held.size() < max && held.add(poll);
    }

    /** Whether the caller is the one to answer it. */
    synchronized boolean take(Poll poll) {
        return held.remove(poll);
    }

    /** Takes those of some services, or of all if {@code services} is null. */
    List<Poll> takeChanged(@Nullable Set<String> services) {
        return takeIf(poll -> services == null || services.contains(poll.service));
    }

    /** Takes those that have waited long enough. */
    List<Poll> takeDue(long now) {
        return takeIf(poll -> poll.deadline - now <= 0);
    }

    /** Takes all, and holds none from now on. */
    synchronized List<Poll> close() {
        closed = true;
        return takeIf(poll -> true);
    }

    private synchronized List<Poll> takeIf(Predicate<Poll> condition) {
        List<Poll> taken = new ArrayList<>();
        held.removeIf(poll -> condition.test(poll) && taken.add(poll));
        return taken;
    }

    synchronized int size() {
        return held.size();
    }
}
