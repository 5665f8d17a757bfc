package io.lb4j.strategy;

import io.lb4j.LoadProbe;
import io.lb4j.LoadReport;
import io.lb4j.Scheduler;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** Sends probes to instances drawn at random, as many as calls demand, and gives up on those that hang. */
final class ProbeRound {
    /** Probes under way at most: a service that doesn't answer must not gather more and more of them. */
    private static final int MAX_UNDER_WAY = 64;

    private static final long IDLE_LIMIT_NANOS = Duration.ofMinutes(1).toNanos();

    private final Prequal settings;
    private final LoadProbe probe;
    private final LoadPool pool;
    private final List<Sent> underWay = new ArrayList<>();

    /** Guarded by this. */
    private PooledInstance[] instances = new PooledInstance[0];

    private double owed;
    private boolean idling;

    /** Runs out with the oldest probe under way; null if there is none. */
    private Scheduler.@Nullable Task timer;

    private long lastCall;

    ProbeRound(Prequal settings, LoadProbe probe, LoadPool pool) {
        this.settings = settings;
        this.probe = probe;
        this.pool = pool;
    }

    /** One probe under way; ended once, by its answer or by the time-out. */
    private final class Sent {
        final PooledInstance instance;
        final long deadline;
        private final AtomicBoolean ended = new AtomicBoolean();

        Sent(PooledInstance instance, long deadline) {
            this.instance = instance;
            this.deadline = deadline;
        }

        void end(@Nullable LoadReport report) {
            if (ended.compareAndSet(false, true)) {
                forget(this);
                instance.probed(report, pool.ticker().nanos());
            }
        }
    }

    synchronized void serve(PooledInstance[] candidates) {
        instances = candidates.clone();
    }

    private synchronized void forget(Sent sent) {
        underWay.remove(sent);
        if (underWay.isEmpty() && timer != null) {
            timer.cancel();
            timer = null;
        }
    }

    /** Sends what so many more calls demand. */
    void send(int calls) {
        for (Sent each : draw(calls)) {
            start(each);
        }
    }

    private void start(Sent sent) {
        try {
            probe.probe(sent.instance.candidate.instance(), settings.probeTimeout())
                    .whenComplete((report, error) -> sent.end(error == null ? report : null));
        } catch (Throwable e) {
            // As if the instance had not answered: it is not trusted until it does.
            sent.end(null);
        }
    }

    private synchronized List<Sent> draw(int calls) {
        long now = pool.ticker().nanos();
        if (calls > 0) {
            lastCall = now;
        }
        owed = Math.min(MAX_UNDER_WAY, owed + calls * settings.probesPerCall());
        List<Sent> drawn = new ArrayList<>();
        int wanted = Math.min((int) owed, instances.length);
        owed -= (int) owed;
        int free = MAX_UNDER_WAY - underWay.size();
        for (int i = 0; i < Math.min(wanted, free); i++) {
            drawn.add(new Sent(next(i), now + settings.probeTimeout().toNanos()));
        }
        underWay.addAll(drawn);
        if (!drawn.isEmpty()) {
            watch(settings.probeTimeout());
        }
        idle();
        return drawn;
    }

    /** The {@code i}-th of a draw without replacement. */
    private PooledInstance next(int i) {
        int at = i + Fractions.scale(pool.random().nextLong(), instances.length - i);
        PooledInstance taken = instances[at];
        instances[at] = instances[i];
        instances[i] = taken;
        return taken;
    }

    private void watch(Duration delay) {
        if (timer == null) {
            timer = pool.later(this::expire, delay);
        }
    }

    private void expire() {
        List<Sent> late = new ArrayList<>();
        synchronized (this) {
            timer = null;
            long now = pool.ticker().nanos();
            for (Iterator<Sent> each = underWay.iterator(); each.hasNext(); ) {
                Sent sent = each.next();
                if (sent.deadline - now <= 0) {
                    late.add(sent);
                    each.remove();
                }
            }
            if (!underWay.isEmpty()) {
                watch(Duration.ofNanos(Math.max(0, underWay.get(0).deadline - now)));
            }
        }
        late.forEach(sent -> sent.end(null));
    }

    private void idle() {
        if (!idling && !settings.idleProbeInterval().isZero()) {
            idling = true;
            pool.later(this::idled, settings.idleProbeInterval());
        }
    }

    private void idled() {
        synchronized (this) {
            idling = false;
            long since = pool.ticker().nanos() - lastCall;
            if (since > IDLE_LIMIT_NANOS) {
                return;
            }
            if (since < settings.idleProbeInterval().toNanos()) {
                idle();
                return;
            }
            owed = Math.max(owed, Math.max(1, settings.probesPerCall()));
        }
        send(0);
    }
}
