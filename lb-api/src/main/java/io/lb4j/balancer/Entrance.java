package io.lb4j.balancer;

import io.lb4j.CannotPickException;
import io.lb4j.NotReadyException;
import io.lb4j.PickRequest;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** How a call gets in that can't have a lease at once: before the first snapshot, while calls fail in panic, or without a thread that waits. Thread-safe. */
final class Entrance {
    private final LoadBalancer balancer;
    private final Duration firstSnapshotTimeout;
    private final Outlook outlook;
    private final Leases leases;

    Entrance(LoadBalancer balancer, Duration firstSnapshotTimeout, Outlook outlook, Leases leases) {
        this.balancer = balancer;
        this.firstSnapshotTimeout = firstSnapshotTimeout;
        this.outlook = outlook;
        this.leases = leases;
    }

    /** For a call that was no routing for, or after the end. */
    Lease acquire(PickRequest request) {
        Lease trial = lastResort(request);
        return trial != null ? trial : leases.acquire(awaitRouting(request), request);
    }

    CompletableFuture<Lease> acquireAsync(PickRequest request, Duration maxWait) {
        if (balancer.isClosed()) {
            throw balancer.closedError();
        }
        Lease trial = outlook.routing(request) == null ? lastResort(request) : null;
        if (trial != null) {
            return CompletableFuture.completedFuture(trial);
        }
        try {
            Routing routing = outlook.routingOrThrow(request);
            Admission admission = leases.admission();
            return admission == null
                    ? CompletableFuture.completedFuture(leases.acquire(routing, request))
                    : admission.acquireAsync(request, maxWait);
        } catch (CannotPickException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    /** While calls fail because too few instances are well, trials are what finds out when that is over. */
    private @Nullable Lease lastResort(PickRequest request) {
        Trials trials = outlook.view(request).trials();
        return trials == null || balancer.isClosed() ? null : leases.trial(trials, request);
    }

    private Routing awaitRouting(PickRequest request) {
        CompletableFuture<Void> firstAnswer = outlook.firstAnswer();
        if (!balancer.isClosed() && !firstAnswer.isDone() && !firstSnapshotTimeout.isZero()) {
            await(firstAnswer);
        }
        if (balancer.isClosed()) {
            throw balancer.closedError();
        }
        return outlook.routingOrThrow(request);
    }

    private void await(CompletableFuture<Void> firstAnswer) {
        try {
            firstAnswer.get(TimeUnit.NANOSECONDS.convert(firstSnapshotTimeout), TimeUnit.NANOSECONDS);
        } catch (TimeoutException | ExecutionException e) {
            // What the caller is told depends on what is known by now, not on how the wait ended.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            String service = balancer.service();
            throw new NotReadyException(
                    service, "interrupted while waiting for the first snapshot of service " + service, e);
        }
    }
}
