package io.lb4j.balancer;

import io.lb4j.CannotPickException;
import io.lb4j.InstancesBusyException;
import io.lb4j.PickRequest;
import io.lb4j.Ticker;
import io.lb4j.health.CallQueue;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Lets calls in as far as instances have room, and has the others wait or fail. Exists only if instances are limited.
 * Thread-safe.
 */
final class Admission {
    private final Leases leases;
    private final String service;
    private final Outlook outlook;
    private final @Nullable WaitingCalls queue;

    /** Set on a thread that serves: what depends on a lease may close it at once, and thereby serve the next one. */
    private final ThreadLocal<Boolean> serving = new ThreadLocal<>();

    Admission(
            Leases leases,
            String service,
            @Nullable CallQueue settings,
            Ticker ticker,
            SerialLane lane,
            Outlook outlook) {
        this.leases = leases;
        this.service = service;
        this.outlook = outlook;
        this.queue = settings == null
                ? null
                : new WaitingCalls(settings, ticker, lane, why -> refusal(why, PickRequest.plain()));
    }

    int waiting() {
        return queue == null ? 0 : queue.size();
    }

    /** A lease at once, or none. */
    Lease acquire(Routing routing, PickRequest request) {
        Lease lease = tryAcquire(routing, request);
        if (lease == null) {
            throw busy(routing, "this one was not to wait");
        }
        return lease;
    }

    private @Nullable Lease tryAcquire(Routing routing, PickRequest request) {
        // Before those that wait: it takes no place of theirs, and while some always wait nobody would ever return.
        Lease trial = leases.trial(routing, request);
        if (trial != null) {
            return trial;
        }
        // What gets free belongs to those who wait.
        InstanceState state = waiting() > 0 ? null : routing.take(request);
        return state == null ? null : new Lease(leases, state, true, request.endpoint());
    }

    /**
     * A lease at once or later.
     *
     * @throws CannotPickException if there is none, and nowhere to wait
     */
    CompletableFuture<Lease> acquireAsync(PickRequest request, Duration maxWait) {
        Routing routing = outlook.routingOrThrow(request);
        Lease lease = tryAcquire(routing, request);
        if (lease != null) {
            return CompletableFuture.completedFuture(lease);
        }
        // A further attempt would take the place of a call that had none yet.
        if (queue == null || request.excludedCount() > 0 || maxWait.isNegative() || maxWait.isZero()) {
            throw busy(routing, "this one was not to wait");
        }
        CompletableFuture<Lease> call = queue.add(request, TimeUnit.NANOSECONDS.convert(maxWait));
        if (call == null) {
            throw busy(routing, "there was no place for one more");
        }
        // Room may have come after the look for it and before there was anybody to give it to.
        serve();
        return call;
    }

    Lease await(PickRequest request, Duration maxWait) {
        CompletableFuture<Lease> call = acquireAsync(request, maxWait);
        if (queue != null && serving.get() != null) {
            // The one who serves is this thread, which is about to block.
            serveAll(queue);
        }
        try {
            return call.get();
        } catch (ExecutionException e) {
            Throwable cause = e.getCause();
            throw cause instanceof RuntimeException known ? known : new IllegalStateException(cause);
        } catch (InterruptedException e) {
            if (!call.cancel(false) && !call.isCompletedExceptionally()) {
                call.join().close();
            }
            Thread.currentThread().interrupt();
            throw refusal("its thread was interrupted", request);
        }
    }

    /** Serves those that wait as far as there is room; called whenever there may be more of it than before. */
    void serve() {
        // Not once more further down the stack, which would grow with the queue: the loop above goes on.
        if (queue == null || queue.size() == 0 || serving.get() != null) {
            return;
        }
        serving.set(true);
        try {
            serveAll(queue);
        } finally {
            serving.remove();
        }
    }

    private void serveAll(WaitingCalls queue) {
        while (queue.size() > 0) {
            if (outlook.routing() == null && !queue.hasSubsets()) {
                queue.clear(refusal("no instance is left", PickRequest.plain()));
                return;
            }
            WaitingCalls.Served served = queue.serve(outlook::routing);
            if (served == null) {
                return;
            }
            InstanceState by = served.by();
            if (by == null) {
                served.call()
                        .completeExceptionally(
                                refusal("no instance is left", served.call().request()));
                continue;
            }
            Lease lease = new Lease(leases, by, true, served.call().request().endpoint());
            if (!served.call().complete(lease)) {
                // Given up at that moment.
                lease.close();
            }
        }
    }

    void close(RuntimeException reason) {
        if (queue != null) {
            queue.close(reason);
        }
    }

    private RuntimeException refusal(String why, PickRequest request) {
        Outlook.View now = outlook.view(request);
        return now.routing() == null ? outlook.cannotPick(now, request.subset()) : busy(now.routing(), why);
    }

    InstancesBusyException busy(Routing routing, String why) {
        String line = queue == null ? "there is no queue" : waiting() + " wait in a queue for " + queue.capacity();
        return new InstancesBusyException(
                service,
                "no instance of service " + service + " has room for a call: " + routing.occupancy() + "; " + line
                        + "; " + why
                        + " (send less, add instances, or raise the concurrency limit if they are not busy)");
    }
}
