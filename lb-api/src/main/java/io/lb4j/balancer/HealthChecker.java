package io.lb4j.balancer;

import io.lb4j.Scheduler;
import io.lb4j.Ticker;
import io.lb4j.health.HealthCheck;
import io.lb4j.health.Probe;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Active health: probes every known instance on its own timer and counts rises and falls. Lane only, but for the probes
 * themselves, whose verdicts are posted back.
 */
final class HealthChecker {

    /** Told, in the lane, what checks have found. */
    interface Verdicts {
        /** The instance passed or failed as many checks as it takes to change what is thought of it. */
        void changed(InstanceState state, boolean healthy, String detail);

        /** Checks of an ejected instance saw its trouble, and now see it gone. */
        void recovered(InstanceState state);
    }

    private final HealthCheck settings;
    private final SerialLane lane;
    private final Ticker ticker;
    private final RandomGenerator random;
    private final Verdicts verdicts;
    private final CheckSlots.Line line;
    private final Map<InstanceState, Check> checks = new HashMap<>();

    /** While checks wait for slots: looks for those that nobody will give back. */
    private Scheduler.@Nullable Task reclaim;

    HealthChecker(
            HealthCheck settings,
            CheckSlots slots,
            SerialLane lane,
            Ticker ticker,
            RandomGenerator random,
            Verdicts verdicts) {
        this.settings = settings;
        this.line = slots.line();
        this.lane = lane;
        this.ticker = ticker;
        this.random = random;
        this.verdicts = verdicts;
    }

    /** Begins checking a newcomer; does nothing for an instance that is checked already. */
    void watch(InstanceState state) {
        checks.computeIfAbsent(state, key -> new Check(key)).begin();
    }

    void forget(InstanceState state) {
        Check check = checks.remove(state);
        if (check != null) {
            check.stop();
        }
    }

    /** Calls to the instance fail: its next check comes soon. */
    void suspect(InstanceState state) {
        Check check = checks.get(state);
        if (check != null) {
            check.hurry();
        }
    }

    /** Passive health took the instance out. */
    void ejected(InstanceState state) {
        Check check = checks.get(state);
        if (check != null) {
            check.active.sawTrouble = check.active.unhealthy || check.active.bad > 0;
            check.hurry();
        }
    }

    void close() {
        checks.values().forEach(Check::stop);
        checks.clear();
        if (reclaim != null) {
            reclaim.cancel();
        }
    }

    private void reclaimWhileSomeWait() {
        if (reclaim == null && line.waits()) {
            reclaim = lane.postLater(this::reclaim, settings.timeout().toNanos());
        }
    }

    private void reclaim() {
        reclaim = null;
        line.reclaim();
        reclaimWhileSomeWait();
    }

    /** The checks of one instance: by turns waiting for the time, for a slot, and for the answer. */
    private final class Check {
        private final InstanceState state;
        private final InstanceState.Active active;
        private final CheckPace pace;
        private boolean begun;
        private boolean stopped;

        /** The one timer: for the next check, or for the time-out of the one under way. */
        private Scheduler.@Nullable Task timer;

        /** While waiting for the time. */
        private boolean idle;

        private long dueAt;

        private CheckSlots.@Nullable Turn turn;
        private @Nullable CompletionStage<Probe.Result> answer;

        /** Which probe we wait for: the answer of one that timed out must not count as that of its successor. */
        private int round;

        private boolean everChecked;
        private long startedAt;
        private long endedAt;

        /** Whether calls failed since the last check; and whether some did while one was under way. */
        private boolean asked;

        private boolean askedAgain;

        /** Whether the last check took so long that the next one may hold its slot for long, too. */
        private boolean slow;

        Check(InstanceState state) {
            this.state = state;
            this.active = state.active();
            this.pace = new CheckPace(settings, random);
        }

        void begin() {
            if (!begun) {
                begun = true;
                waitFor(pace.first());
            }
        }

        void stop() {
            stopped = true;
            round++;
            cancelTimer();
            endTurn();
        }

        private void waitFor(long nanos) {
            idle = true;
            dueAt = ticker.nanos() + nanos;
            timer = lane.postLater(this::queue, nanos);
        }

        void hurry() {
            if (!idle) {
                askedAgain = true;
                return;
            }
            long now = ticker.nanos();
            long at = now + pace.moment();
            if (everChecked) {
                long earliest = endedAt + pace.suspected();
                at = earliest - at > 0 ? earliest : at;
            }
            // Also where the check would have come by then: it may see nothing of the calls that failed before it.
            asked = true;
            if (at - dueAt < 0) {
                cancelTimer();
                waitFor(at - now);
            }
        }

        private void queue() {
            if (!stopped && idle) {
                idle = false;
                timer = null;
                turn = line.enter(slow, settings.timeout().toNanos(), () -> lane.post(this::probe));
                reclaimWhileSomeWait();
            }
        }

        private void probe() {
            if (stopped) {
                return;
            }
            int mine = ++round;
            startedAt = ticker.nanos();
            active.checkWanted = false;
            timer = lane.postLater(
                    () -> verdict(mine, false, "no answer within " + settings.timeout()),
                    settings.timeout().toNanos());
            try {
                CompletionStage<Probe.Result> stage = settings.probe().probe(state.instance(), settings.timeout());
                answer = stage;
                stage.whenComplete((result, error) -> {
                    boolean healthy = error == null && result != null && result.healthy();
                    String detail = describe(result, error);
                    lane.post(() -> verdict(mine, healthy, detail));
                });
            } catch (Throwable e) {
                verdict(mine, false, describe(null, e));
            }
        }

        private void verdict(int answered, boolean healthy, String detail) {
            if (stopped || answered != round) {
                return;
            }
            round++;
            cancelTimer();
            endTurn();
            endedAt = ticker.nanos();
            everChecked = true;
            slow = endedAt - startedAt >= settings.timeout().toNanos() / 2;
            active.last = new InstanceState.LastCheck(healthy, detail, endedAt, endedAt - startedAt);
            pace.checked(healthy, asked);
            asked = false;
            count(healthy, detail);
            if (!stopped) {
                boolean ejected = state.isEjected();
                waitFor(pace.next(undecided(ejected), active.unhealthy || ejected));
                if (askedAgain) {
                    askedAgain = false;
                    hurry();
                }
            }
        }

        private boolean undecided(boolean ejected) {
            return active.unhealthy ? active.good > 0 : active.bad > 0 || (ejected && active.sawTrouble);
        }

        private void count(boolean healthy, String detail) {
            InstanceState.Active a = active;
            a.good = healthy ? a.good + 1 : 0;
            a.bad = healthy ? 0 : a.bad + 1;
            a.detail = detail;
            a.sawTrouble |= !healthy && state.isEjected();
            boolean passed = a.good >= settings.rise();
            if (a.unhealthy ? passed : a.bad >= settings.fall()) {
                a.unhealthy = !a.unhealthy;
                a.good = 0;
                a.bad = 0;
                verdicts.changed(state, !a.unhealthy, detail);
            }
            if (passed && a.sawTrouble) {
                a.sawTrouble = false;
                if (settings.endsEjections() && state.isEjected()) {
                    verdicts.recovered(state);
                }
            }
        }

        private void cancelTimer() {
            if (timer != null) {
                timer.cancel();
                timer = null;
            }
        }

        /** Frees the slot, and what the probe holds if it has not answered: that would outlive its slot. */
        private void endTurn() {
            CompletionStage<Probe.Result> unanswered = answer;
            answer = null;
            if (unanswered != null) {
                try {
                    unanswered.toCompletableFuture().cancel(true);
                } catch (RuntimeException e) {
                    // A stage that can't be cancelled; the probe has its time-out.
                }
            }
            if (turn != null) {
                turn.end();
                turn = null;
            }
        }
    }

    private static String describe(Probe.@Nullable Result result, @Nullable Throwable error) {
        if (error != null) {
            Throwable cause =
                    error instanceof CompletionException && error.getCause() != null ? error.getCause() : error;
            return "probe failed: " + cause;
        }
        return result == null ? "probe returned null" : result.detail();
    }
}
