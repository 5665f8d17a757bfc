package io.lb4j.affinity;

import io.lb4j.PickRequest;
import io.lb4j.balancer.Lease;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * One call's way to the instance of its key: takes a lease where the key is believed to be, or where the strategy would
 * put it, and keeps it if the store agrees; else gives it back and takes one where the store says. Its steps come one
 * after the other, on the caller's thread, the store's or the scheduler's.
 */
final class Placement {
    /** Each further round means that the key was moved, or its instance lost, since the last. */
    private static final int MAX_ROUNDS = 3;

    private final SharedAffinity affinity;
    private final PickRequest request;
    private final Duration maxWait;

    /** The id of the instance that this call has just found dead; null if it found none. */
    private final @Nullable String dead;

    private final CompletableFuture<Lease> result = new CompletableFuture<>();
    private ClaimCache.@Nullable Entry known;
    private boolean sure;
    private int rounds;

    /** The place in the queue, or what came of it. */
    private volatile @Nullable CompletableFuture<Lease> turn;

    Placement(
            SharedAffinity affinity,
            PickRequest request,
            Duration maxWait,
            ClaimCache.@Nullable Entry known,
            boolean sure,
            @Nullable String dead) {
        this.affinity = affinity;
        this.request = request;
        this.maxWait = maxWait;
        this.known = known;
        this.sure = sure;
        this.dead = dead;
    }

    /**
     * Goes all the way.
     *
     * @param first what {@link SharedAffinity#take} said to the request
     */
    CompletableFuture<Lease> start(CompletableFuture<Lease> first) {
        CompletionStage<Lease> unused = result.whenComplete((lease, error) -> {
            if (error != null) {
                giveUp();
            }
        });
        follow(first);
        return result;
    }

    private void follow(CompletableFuture<Lease> next) {
        turn = next;
        CompletionStage<Lease> unused = next.whenComplete((lease, error) -> {
            if (error != null) {
                result.completeExceptionally(error);
            } else {
                arrived(lease);
            }
        });
        if (result.isDone()) {
            giveUp();
        }
    }

    /** A lease that came all the same is closed where it arrives. */
    private void giveUp() {
        CompletableFuture<Lease> pending = turn;
        if (pending != null) {
            pending.cancel(false);
        }
    }

    private void arrived(Lease lease) {
        if (result.isDone()) {
            lease.close();
            return;
        }
        String here = lease.instance().id();
        ClaimCache.Entry entry = known;
        if (entry == null) {
            ask(lease, here, null);
        } else if (here.equals(entry.instance())) {
            if (sure) {
                finish(lease);
            } else {
                ask(lease, here, entry.displaced());
            }
        } else if (affinity.isLost(entry.instance(), dead)) {
            ask(lease, here, entry.claim());
        } else if (sure) {
            affinity.guests.increment();
            finish(lease);
        } else {
            // The key's own instance is alive, as far as is known here: asked is only whether it still is its own.
            ask(lease, entry.instance(), entry.displaced());
        }
    }

    private void ask(Lease lease, String proposal, @Nullable Claim lost) {
        affinity.ask(request.hash(), proposal, lost, claim -> {
            if (claim == null) {
                unanswered(lease, proposal);
            } else {
                answered(lease, claim, lost);
            }
        });
    }

    private void answered(Lease lease, Claim claim, @Nullable Claim lost) {
        String here = lease.instance().id();
        if (here.equals(claim.instance())) {
            affinity.saw(here);
            if (lost != null && !claim.equals(lost)) {
                affinity.moved.increment();
            }
            finish(lease);
            return;
        }
        if (rounds++ == MAX_ROUNDS) {
            // Moved again and again under our eyes: served here, rather than not at all.
            affinity.guests.increment();
            finish(lease);
            return;
        }
        lease.close();
        known = new ClaimCache.Entry(request.hash(), claim.instance(), claim, affinity.nanos());
        sure = true;
        try {
            follow(affinity.take(request, known, maxWait));
        } catch (RuntimeException e) {
            result.completeExceptionally(e);
        }
    }

    private void unanswered(Lease lease, String proposal) {
        affinity.unasked.increment();
        ClaimCache.Entry before = known;
        // Else it is where it was, and the call perhaps a guest elsewhere.
        if (before == null || !proposal.equals(before.instance())) {
            affinity.assume(request.hash(), proposal, before == null ? null : before.claim());
        }
        finish(lease);
    }

    private void finish(Lease lease) {
        if (!result.complete(lease)) {
            lease.close();
        }
    }
}
