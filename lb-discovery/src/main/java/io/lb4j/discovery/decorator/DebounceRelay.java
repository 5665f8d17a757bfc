package io.lb4j.discovery.decorator;

import io.lb4j.Scheduler;
import io.lb4j.ServiceDiscovery;
import io.lb4j.ServiceDiscovery.Listener;
import io.lb4j.ServiceInstance;
import io.lb4j.Ticker;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Holds back what a source says of one service. Thread-safe. */
final class DebounceRelay extends Relay implements Listener {
    private final Settings settings;

    /** All guarded by this. */
    private @Nullable Said told;

    private @Nullable Said pending;
    private long pendingSince;
    private Scheduler.@Nullable Task timer;
    private long turn;

    record Settings(ServiceDiscovery source, Duration quiet, Duration maxDelay, Scheduler scheduler, Ticker ticker) {}

    DebounceRelay(String service, Settings settings) {
        super(service);
        this.settings = settings;
    }

    @Override
    public void start() {
        open(settings.source, this);
    }

    @Override
    public void onInstances(List<ServiceInstance> instances) {
        heard(Said.instances(instances));
    }

    @Override
    public void onUnknownService(String detail) {
        heard(Said.unknown(detail));
    }

    private void heard(Said next) {
        synchronized (this) {
            if (told == null || next.equals(told)) {
                // Equal to what was told it takes back what waits, or ends an outage.
                pending = next;
                tellPending();
            } else if (!next.equals(pending)) {
                long now = settings.ticker.nanos();
                if (pending == null) {
                    pendingSince = now;
                }
                pending = next;
                Duration left = settings.maxDelay.minusNanos(now - pendingSince);
                wait(left.compareTo(settings.quiet) < 0 ? left : settings.quiet);
            }
        }
        watchers().flush();
    }

    @Override
    public void onError(Throwable error) {
        synchronized (this) {
            // Told after the error it would say that all is well again.
            tellPending();
            watchers().error(error);
        }
        watchers().flush();
    }

    @Override
    public void onComplaint(Throwable complaint) {
        passOn(complaint);
    }

    private void wait(Duration delay) {
        cancel();
        long mine = turn;
        if (!isClosed()) {
            timer = settings.scheduler.schedule(() -> due(mine), delay);
        }
    }

    private void cancel() {
        turn++;
        if (timer != null) {
            timer.cancel();
            timer = null;
        }
    }

    private void due(long mine) {
        synchronized (this) {
            if (mine != turn) {
                return;
            }
            tellPending();
        }
        watchers().flush();
    }

    private void tellPending() {
        cancel();
        if (pending != null) {
            pending.note(watchers());
            told = pending;
            pending = null;
        }
    }

    @Override
    public void close() {
        super.close();
        synchronized (this) {
            pending = null;
            cancel();
        }
    }
}
