package io.lb4j.okhttp;

import io.lb4j.Outcome;
import io.lb4j.PickRequest;
import io.lb4j.affinity.SharedAffinity;
import io.lb4j.balancer.Lease;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import okhttp3.Call;
import org.jspecify.annotations.Nullable;

/**
 * Where the further attempts of one call go if other processes have to agree: a refused connection says that the instance
 * is dead, and its key moves; a broken one is tried once more, there, since it may be all that broke; and after any
 * other failure the call alone goes elsewhere, for its instance is alive.
 */
final class KeyedRetry {
    private final SharedAffinity affinity;
    private final Service service;
    private final Call call;

    /** Excludes nobody. */
    private final PickRequest first;

    /** What was judged last: there may be two leases for one further attempt, before and after a pause. */
    private @Nullable Attempt judged;

    private boolean broken;
    private boolean dead;
    private boolean again;

    KeyedRetry(SharedAffinity affinity, Service service, Call call, PickRequest first) {
        this.affinity = affinity;
        this.service = service;
        this.call = call;
        this.first = first;
    }

    /**
     * A lease for one more attempt, or null if nobody is left.
     *
     * @param next excludes those that the call has tried
     * @throws IOException if the call was cancelled or its thread interrupted
     */
    @Nullable
    Lease acquire(AttemptEnd end, PickRequest next) throws IOException {
        if (judged != end.attempt()) {
            judged = end.attempt();
            judge(end);
        }
        CompletableFuture<Lease> turn;
        try {
            turn = affinity.acquireNext(again ? first : next, end.attempt().lease, dead);
        } catch (IllegalStateException e) {
            // Closed in the meantime: what the last attempt brought is the answer.
            return null;
        }
        Lease lease;
        try {
            lease = Turn.await(service, call, turn);
        } catch (ServiceUnavailableException e) {
            return null;
        }
        if (again || end.verdict().fresh() || !next.excludes(lease.candidate())) {
            return lease;
        }
        lease.close();
        return null;
    }

    private void judge(AttemptEnd end) {
        boolean refused = end.wasRefusedConnection() && !end.verdict().fresh();
        boolean broke = !refused && end.verdict().retry().kind() == Outcome.Kind.TRANSPORT_FAILURE;
        dead = refused || (broke && broken);
        again = broke && !broken && first.hasHash();
        broken |= broke;
    }
}
