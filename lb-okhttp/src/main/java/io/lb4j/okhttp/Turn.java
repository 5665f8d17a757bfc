package io.lb4j.okhttp;

import io.lb4j.PickRequest;
import io.lb4j.balancer.Lease;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import okhttp3.Call;

/** A call's wait in the queue of its service, or for what knows its instance, on the thread that makes the call. */
final class Turn {
    private Turn() {}

    /**
     * A lease as soon as an instance has room.
     *
     * @param callNanos what is left of the call's time
     * @throws ServiceUnavailableException if none had room in time
     * @throws IOException if the call was cancelled or its thread interrupted
     */
    static Lease await(Service service, Call call, PickRequest pick, long callNanos) throws IOException {
        // Not to the end of the call's time: it would be told that this was over, and not that nobody had room.
        return await(service, call, service.acquireInTurn(pick, callNanos - callNanos / 10));
    }

    /**
     * What comes of this.
     *
     * @throws ServiceUnavailableException if no lease
     * @throws IOException if the call was cancelled or its thread interrupted
     */
    static Lease await(Service service, Call call, CompletableFuture<Lease> turn) throws IOException {
        if (!turn.isDone()) {
            Signal done = new Signal();
            CompletionStage<Lease> unused = turn.whenComplete((lease, error) -> done.give());
            CallLink waiting = new CallLink(call);
            call.addEventListener(waiting);
            try {
                waiting.pauseUntil(done, Long.MAX_VALUE / 2);
            } catch (IOException e) {
                giveUp(turn);
                throw e;
            }
        }
        return service.lease(turn);
    }

    private static void giveUp(CompletableFuture<Lease> turn) {
        if (!turn.cancel(false) && !turn.isCompletedExceptionally()) {
            // Served at that very moment.
            turn.join().close();
        }
    }
}
