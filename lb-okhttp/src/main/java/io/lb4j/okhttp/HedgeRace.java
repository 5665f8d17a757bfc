package io.lb4j.okhttp;

import io.lb4j.Outcome;
import io.lb4j.PickRequest;
import io.lb4j.Scheduler;
import io.lb4j.balancer.Lease;
import io.lb4j.okhttp.InstanceDns.RedirectedToService;
import java.io.IOException;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * One attempt, and if it is late a second one on another instance beside it. The first acceptable answer wins and
 * the other attempt is cancelled; if one fails, the other is waited for.
 *
 * <p>The first attempt stays on the thread that makes the call, which a hedge that wins wakes by cancelling it. Who is
 * first is decided by one compare-and-set, and whoever comes second cleans up what is his.
 */
final class HedgeRace {
    /** Longer than anybody waits, and short enough to be added to a clock. */
    private static final long FOREVER_NANOS = Long.MAX_VALUE / 2;

    private enum State {
        /** There is no hedge so far. */
        FIRST_ALONE,
        BOTH,
        /** The first has failed, and its thread waits for the hedge. */
        HEDGE_ALONE,
        /** The call has its result, without a hedge or against it. */
        WITHOUT_HEDGE,
        /** What came of the hedge is the result. */
        HEDGE,
        /** The hedge has failed, and the first goes on. */
        HEDGE_FAILED
    }

    private final Hedger hedger;
    private final Service service;
    private final AttemptSender sender;
    private final Attempt first;
    private final PickRequest pick;
    private final long delayNanos;
    private final AtomicReference<State> state = new AtomicReference<>(State.FIRST_ALONE);
    private final Signal hedgeOver = new Signal();

    /** Written before {@link State#BOTH}. */
    private volatile @Nullable Attempt hedge;

    private volatile long hedgeStartNanos;

    /** Written before the state that says so. */
    private volatile @Nullable AttemptEnd hedgeEnd;

    private @Nullable AttemptEnd earlier;

    /**
     * A race.
     *
     * @param pick what the first attempt's instance was asked for with
     */
    HedgeRace(Hedger hedger, Service service, AttemptSender sender, Attempt first, PickRequest pick) {
        this.hedger = hedger;
        this.service = service;
        this.sender = sender;
        this.first = first;
        this.pick = pick;
        this.delayNanos = hedger.hedging().delayNanos();
    }

    /** Runs the race on the thread that makes the call; what comes of it is the winner's end, or that of the last to fail. */
    AttemptEnd run() {
        CallLink link = sender.linked();
        long start = System.nanoTime();
        Scheduler.Task timer = hedger.whenLate(delayNanos, this::late);
        AttemptEnd end;
        try {
            end = sender.send(first, false);
        } catch (RuntimeException e) {
            if (abandonHedge()) {
                throw e;
            }
            // The hedge was first and cancelled it, and an interceptor of the caller's has its own way of saying so.
            return ended();
        } catch (Error e) {
            if (!abandonHedge()) {
                ended().lose();
            }
            throw e;
        } finally {
            timer.cancel();
        }
        learn(end, System.nanoTime() - start);
        return settle(end, link);
    }

    /** The attempt that failed before the one that {@link #run()} returned, if both did or the second made up for it. */
    @Nullable
    AttemptEnd earlier() {
        return earlier;
    }

    /** Whether a hedge was sent. */
    boolean hedged() {
        return hedge != null;
    }

    /** Late calls count even if they fail: leaving them out would make the next percentile shorter. */
    private void learn(AttemptEnd end, long nanos) {
        if (end.verdict().health().kind() == Outcome.Kind.SUCCESS || nanos > delayNanos) {
            hedger.hedging().onLatency(nanos);
        }
    }

    private AttemptEnd settle(AttemptEnd end, CallLink link) {
        for (; ; ) {
            switch (state()) {
                case FIRST_ALONE -> {
                    if (state.compareAndSet(State.FIRST_ALONE, State.WITHOUT_HEDGE)) {
                        return end;
                    }
                }
                case BOTH -> {
                    if (end.isFinal()) {
                        if (state.compareAndSet(State.BOTH, State.WITHOUT_HEDGE)) {
                            loseHedge();
                            return end;
                        }
                    } else if (state.compareAndSet(State.BOTH, State.HEDGE_ALONE)) {
                        end.discard();
                    }
                }
                case HEDGE_ALONE -> {
                    try {
                        link.pauseUntil(hedgeOver, FOREVER_NANOS);
                    } catch (IOException e) {
                        if (state.compareAndSet(State.HEDGE_ALONE, State.WITHOUT_HEDGE)) {
                            loseHedge();
                            return given(end, e);
                        }
                    }
                }
                case HEDGE -> {
                    end.lose();
                    earlier = end.isFinal() ? null : end;
                    return ended();
                }
                case HEDGE_FAILED -> {
                    earlier = ended();
                    return end;
                }
                case WITHOUT_HEDGE -> throw new IllegalStateException("settled twice");
            }
        }
    }

    /** The call was cancelled, or its thread interrupted, while it waited for the hedge. */
    private static AttemptEnd given(AttemptEnd failed, IOException up) {
        if (failed.error() != null) {
            up.addSuppressed(failed.error());
        }
        return new AttemptEnd(failed.attempt(), null, up, Verdict.IGNORED);
    }

    /** On the clock's thread. */
    private void late() {
        if (mayHedge()) {
            hedger.runIfThreadLeft(this::hedge);
        }
    }

    /** Before an instance is picked in vain: that would count as a call to it. */
    private boolean mayHedge() {
        return state.get() == State.FIRST_ALONE
                && service.endpoints().mayBeSeveral()
                && hedger.hedging().hasRoom();
    }

    /** On a thread of the hedger's. */
    private void hedge() {
        if (!mayHedge()) {
            return;
        }
        Lease lease = service.acquireAnother(pick.avoiding(first.lease.candidate()), false);
        if (lease == null) {
            return;
        }
        if (!hedger.hedging().tryHedge()) {
            lease.close();
            return;
        }
        Attempt second = service.attempt(sender.call(), lease);
        hedge = second;
        hedgeStartNanos = System.nanoTime();
        if (!state.compareAndSet(State.FIRST_ALONE, State.BOTH)) {
            second.finish(Outcome.IGNORED);
            return;
        }
        finish(send(second));
    }

    private AttemptEnd send(Attempt second) {
        try {
            return sender.sendBeside(second);
        } catch (RuntimeException | Error e) {
            // What the caller's own interceptor throws is his to see, if the first attempt comes to nothing either.
            return new AttemptEnd(
                    second, null, new IOException("hedge on " + second.endpoint.id() + " failed", e), Verdict.IGNORED);
        }
    }

    private void finish(AttemptEnd end) {
        hedgeEnd = end;
        for (; ; ) {
            switch (state()) {
                case BOTH -> {
                    if (isResult(end)) {
                        if (state.compareAndSet(State.BOTH, State.HEDGE)) {
                            first.lose(Outcome.OVERTAKEN);
                            return;
                        }
                    } else if (state.compareAndSet(State.BOTH, State.HEDGE_FAILED)) {
                        end.discard();
                        return;
                    }
                }
                case HEDGE_ALONE -> {
                    if (state.compareAndSet(State.HEDGE_ALONE, State.HEDGE)) {
                        hedgeOver.give();
                        return;
                    }
                }
                case WITHOUT_HEDGE -> {
                    end.lose();
                    return;
                }
                case FIRST_ALONE, HEDGE, HEDGE_FAILED -> throw new IllegalStateException("hedged twice");
            }
        }
    }

    private static boolean isResult(AttemptEnd end) {
        return end.isFinal() && (end.response() != null || end.error() instanceof RedirectedToService);
    }

    private AttemptEnd ended() {
        AttemptEnd end = hedgeEnd;
        if (end == null) {
            throw new IllegalStateException("the hedge has not ended");
        }
        return end;
    }

    /** Returns whether the hedge was not first. */
    private boolean abandonHedge() {
        if (state.compareAndSet(State.FIRST_ALONE, State.WITHOUT_HEDGE)) {
            return true;
        }
        if (state.compareAndSet(State.BOTH, State.WITHOUT_HEDGE)) {
            loseHedge();
            return true;
        }
        return state() != State.HEDGE;
    }

    private State state() {
        return Objects.requireNonNull(state.get(), "state");
    }

    private void loseHedge() {
        Attempt second = hedge;
        if (second != null) {
            boolean late = System.nanoTime() - hedgeStartNanos > delayNanos;
            second.lose(late ? Outcome.OVERTAKEN : Outcome.IGNORED);
        }
    }
}
